/** What tshark read in each frame against our decoder: addresses, protocol, ports, TCP flags, window and payload length. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { InputError } from '#core/base/errors.ts'
import { Tally } from '#core/base/tally.ts'
import { CaptureReader } from '#core/capture/reader.ts'
import { formatIpv4, formatIpv6 } from '#core/packet/address.ts'
import { decodeFrame } from '#core/packet/decode.ts'
import { IPV6_BIT, KEY, Packet } from '#core/packet/packet.ts'
import { type Comparison, DATA } from './tuples.ts'

/** Folders of tables and of the captures they tell about. */
const SETS = [
  ['cicflowmeter-oracle/frames', 'cicflowmeter-oracle/pcap'],
  ['pcap-testsuite/frames/tcpdump', 'pcap-testsuite/tcpdump'],
  ['pcap-testsuite/frames/zeek', 'pcap-testsuite/zeek'],
] as const

export function compareFrames(): Comparison {
  const differences: string[] = []
  let equal = 0
  let total = 0
  for (const [tables, captures] of SETS) {
    for (const name of readdirSync(join(DATA, tables))) {
      const capture = name.replace('.frames.tsv.gz', '')
      const ours = describeFrames(readFileSync(join(DATA, captures, capture)))
      if (ours === undefined) continue
      for (const row of readTable(join(DATA, tables, name))) {
        const theirs = describeRow(row)
        if (theirs === undefined) continue
        total++
        const own = ours[Number(row['frame.number']) - 1] ?? 'nothing'
        if (own === theirs) equal++
        else
          differences.push(
            `${basename(tables)}/${capture} #${row['frame.number']} (${row['_ws.col.Protocol']}): ${theirs} there, ${own} here`,
          )
      }
    }
  }
  return { equal, total, differences }
}

/** One text per frame; undefined when the capture is refused. */
function describeFrames(bytes: Uint8Array): string[] | undefined {
  const texts: string[] = []
  const packet = new Packet(new Tally())
  const reader = new CaptureReader((chunk, offset, end, micros, wireLength, linkType) => {
    packet.bytes = chunk
    packet.at = offset
    packet.end = end
    packet.wireEnd = Math.max(end, offset + wireLength)
    packet.micros = micros
    decodeFrame(packet, linkType)
    texts.push(packet.isFlow ? describePacket(packet) : 'nothing')
  })
  try {
    reader.push(bytes)
    reader.finish()
  } catch (error) {
    if (error instanceof InputError) return undefined
    throw error
  }
  return texts
}

function describePacket(packet: Packet): string {
  const { key, protocol } = packet
  const isIpv6 = (key[KEY.protocol]! & IPV6_BIT) !== 0
  const address = (at: number) => (isIpv6 ? formatIpv6(key, at) : formatIpv4(key[at]!))
  const ports = key[KEY.ports]!
  const ends = `${address(KEY.source)} ${address(KEY.destination)}`
  if (protocol === 6) {
    return `${ends} tcp ${ports >>> 16} ${ports & 0xffff} ${packet.flags} ${packet.window} ${packet.payloadBytes}`
  }
  if (protocol === 17) return `${ends} udp ${ports >>> 16} ${ports & 0xffff}`
  return ends
}

/** Of the outermost IP header; undefined where tshark saw none, or put fragments together. */
function describeRow(row: Readonly<Record<string, string>>): string | undefined {
  const first = (field: string) => row[field]!.split(',')[0]!
  const isTunnel =
    row['ip.src']!.includes(',') || row['ipv6.src']!.includes(',') || (row['ip.src'] !== '' && row['ipv6.src'] !== '')
  const source = first('ip.src') || first('ipv6.src')
  if (source === '' || isTunnel) return undefined
  const ends = `${source} ${first('ip.dst') || first('ipv6.dst')}`
  if (row['tcp.srcport'] !== '' && row['ip.proto'] !== '1') {
    const flags = Number(row['tcp.flags']) & 255
    return `${ends} tcp ${row['tcp.srcport']} ${row['tcp.dstport']} ${flags} ${row['tcp.window_size_value']} ${row['tcp.len']}`
  }
  if (row['udp.srcport'] !== '' && row['ip.proto'] !== '1')
    return `${ends} udp ${row['udp.srcport']} ${row['udp.dstport']}`
  return undefined
}

function readTable(path: string): Record<string, string>[] {
  const [header = '', ...lines] = gunzipSync(readFileSync(path)).toString('latin1').trimEnd().split('\n')
  const fields = header.split('\t')
  return lines.map((line) => {
    const values = line.split('\t')
    return Object.fromEntries(fields.map((field, index) => [field, values[index] ?? '']))
  })
}
