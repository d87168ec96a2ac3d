/** NSL-KDD: no header, 41 columns, then the attack's name and a difficulty. Attacks are its four families (Tavallaee et al. 2009). */
import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { FlowDataset } from '#core/detect/dataset.ts'

const COLUMNS = 41
const TEXTS = [1, 2, 3]
const FAMILIES: readonly (readonly [string, readonly string[]])[] = [
  ['normal', ['normal']],
  [
    'dos',
    ['apache2', 'back', 'land', 'mailbomb', 'neptune', 'pod', 'processtable', 'smurf', 'teardrop', 'udpstorm', 'worm'],
  ],
  ['probe', ['ipsweep', 'mscan', 'nmap', 'portsweep', 'saint', 'satan']],
  [
    'remote to local',
    [
      'ftp_write',
      'guess_passwd',
      'httptunnel',
      'imap',
      'multihop',
      'named',
      'phf',
      'sendmail',
      'snmpgetattack',
      'snmpguess',
      'spy',
      'warezclient',
      'warezmaster',
      'xlock',
      'xsnoop',
    ],
  ],
  ['user to root', ['buffer_overflow', 'loadmodule', 'perl', 'ps', 'rootkit', 'sqlattack', 'xterm']],
]

/** Throws an Error for a name that belongs to no family. */
export function readNslKdd(file: string): FlowDataset {
  const rows = gunzipSync(readFileSync(file))
    .toString()
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','))
  const kept = Array.from({ length: COLUMNS }, (_, at) => at).filter((at) => !TEXTS.includes(at))
  const protocols = ['tcp', 'udp', 'icmp']
  return {
    rows: rows.length,
    matrix: {
      features: [...kept.map((at) => `column ${at + 1}`), ...protocols],
      rows: rows.length,
      values: Float32Array.from(
        rows.flatMap((cells) => [
          ...kept.map((at) => Number(cells[at])),
          ...protocols.map((name) => Number(cells[1] === name)),
        ]),
      ),
    },
    // Bytes there and back; packets are not told
    counts: Float64Array.from(rows.flatMap((cells) => [Number.NaN, Number.NaN, Number(cells[4]), Number(cells[5])])),
    device: new Int32Array(rows.length).fill(-1),
    devices: [],
    capture: new Int32Array(rows.length),
    captures: [basename(file)],
    startMicros: new Float64Array(rows.length).fill(Number.NaN),
    row: Float64Array.from(rows, (_, at) => at + 1),
    labels: Int32Array.from(rows, (cells) => familyOf(cells[COLUMNS] ?? '')),
    classes: FAMILIES.map(([name]) => name),
  }
}

function familyOf(attack: string): number {
  const at = FAMILIES.findIndex(([, names]) => names.includes(attack))
  if (at < 0) throw new Error(`NSL-KDD has no attack ${JSON.stringify(attack)}`)
  return at
}
