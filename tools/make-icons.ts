/** Draws static/icons/*.png from the two SVG files; run it after changing one. */
import { readFile } from 'node:fs/promises'
import { launchChromium } from './chromium.ts'

const ICONS = [
  { svg: 'icon', png: 'icon-192', size: 192 },
  { svg: 'icon', png: 'icon-512', size: 512 },
  { svg: 'maskable', png: 'maskable-512', size: 512 },
  // iOS rounds the corners itself and shows transparency black.
  { svg: 'maskable', png: 'icon-180', size: 180 },
] as const

const folder = new URL('../static/icons/', import.meta.url)
const browser = await launchChromium()
const page = await browser.newPage()
for (const { svg, png, size } of ICONS) {
  const text = await readFile(new URL(`${svg}.svg`, folder), 'utf8')
  await page.setViewportSize({ width: size, height: size })
  await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw;height:100vh}</style>${text}`)
  await page.screenshot({ path: new URL(`${png}.png`, folder).pathname, omitBackground: true })
}
await browser.close()
