/** What the terminal shows so that a phone finds the relay and trusts it. */
import qrcode from 'qrcode-generator'

/** Half-block characters, two rows of modules in one line of text, dark on light with the quiet zone of four (ISO 18004). */
export function drawQr(text: string): string {
  const code = qrcode(0, 'M')
  code.addData(text)
  code.make()
  const size = code.getModuleCount()
  const quiet = 4
  const isLight = (row: number, column: number) =>
    row < 0 || column < 0 || row >= size || column >= size || !code.isDark(row, column)
  const lines: string[] = []
  for (let row = -quiet; row < size + quiet; row += 2) {
    let line = ''
    for (let column = -quiet; column < size + quiet; column++)
      line += ' ▄▀█'[(isLight(row, column) ? 2 : 0) + (isLight(row + 1, column) ? 1 : 0)]
    lines.push(line)
  }
  return lines.join('\n')
}

/** `url` without a slash at the end. */
export function trustSteps(url: string, fingerprint: string): string {
  return [
    'To trust this relay on a phone (once; the relay made its own certificate authority):',
    `1. Scan the code, or open ${url}/ca.crt, and let the browser go on past its warning.`,
    '2. iPhone: Settings, Profile Downloaded, Install; then General, About, Certificate Trust Settings, switch it on.',
    '   Android: Settings, Security, Install a certificate, CA certificate, and choose the file that was downloaded.',
    `3. Compare its SHA-256 fingerprint: ${fingerprint}`,
    `4. Open ${url}/`,
  ].join('\n')
}
