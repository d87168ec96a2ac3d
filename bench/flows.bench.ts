/**
 * Captures: bytes of a file to flows with the 78 features, one thread, beside other programs in the same run. Ours three times: each
 * flow's features dropped once they are written, which is what the prototype does; kept in FlowBatches; and with names (sightings).
 * Usage: node bench/flows.bench.ts [ROUNDS] [CAPTURE]. Without CAPTURE one of 1 GiB is made from ../shared with its make-big-capture.c (gcc, libpcap).
 * Processor time and peak memory are those of the whole process, start included (python3 reads them). Ours is measured as the page gets it,
 * bundled to JavaScript, and once more from the TypeScript, which Node strips of its types at each start.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ByteSource } from '#core/base/source.ts'
import { Tally } from '#core/base/tally.ts'
import { CaptureReader } from '#core/capture/reader.ts'
import { FlowAssembler } from '#core/flow/assemble.ts'
import { FEATURE_COUNT, writeFeatures } from '#core/flow/features.ts'
import { DOUBLES, INTS } from '#core/flow/layout.ts'
import { decodeFrame } from '#core/packet/decode.ts'
import { Packet } from '#core/packet/packet.ts'
import { type CaptureOptions, openCapture } from '#core/scan/capture-input.ts'

const SHARED = new URL('../../shared/', import.meta.url).pathname
/** tshark is slow: it gets a slice. */
const SLICE_PACKETS = 200_000
const MEASURE = [
  'import resource, subprocess, sys',
  'done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)',
  'used = resource.getrusage(resource.RUSAGE_CHILDREN)',
  'print(used.ru_utime + used.ru_stime, used.ru_maxrss, done.returncode)',
].join('\n')

function fileSource(path: string): ByteSource {
  return {
    name: path,
    sizeBytes: statSync(path).size,
    async *chunks() {
      const buffer = new Uint8Array(1 << 20)
      const file = openSync(path, 'r')
      for (let read = readSync(file, buffer); read > 0; read = readSync(file, buffer)) yield buffer.subarray(0, read)
    },
  }
}

async function readWhole(
  path: string,
  options: CaptureOptions,
): Promise<{ packets: number; flows: number; sightings: number }> {
  const input = await openCapture(fileSource(path), options)
  let sightings = 0
  for await (const step of input.steps()) sightings += step.sightings.length
  return { packets: input.stats.packets, flows: input.stats.rows, sightings }
}

/** The prototype's work with our parts: every flow's features into one row, of which one is added up. */
async function addFeatures(path: string): Promise<number> {
  const packet = new Packet(new Tally())
  const row = new Float64Array(FEATURE_COUNT)
  let bytes = 0
  const assembler = new FlowAssembler(({ doubles, ints }, flow) => {
    writeFeatures(row, 0, { doubles, ints, d: flow * DOUBLES.width, i: flow * INTS.width })
    bytes += row[4]!
  })
  const reader = new CaptureReader((frame, offset, end, micros, wireLength, linkType) => {
    if (packet.bytes !== frame) packet.bytes = frame
    packet.at = offset
    packet.end = end
    packet.wireEnd = Math.max(end, offset + wireLength)
    packet.micros = micros
    decodeFrame(packet, linkType)
    if (packet.isFlow) assembler.add(packet)
  })
  for await (const chunk of fileSource(path).chunks()) reader.push(chunk)
  assembler.flush(Number.POSITIVE_INFINITY)
  return bytes
}

/** This file and what it reads captures with, as one of JavaScript. */
async function bundleSelf(folder: string): Promise<string> {
  const { build } = await import('vite')
  await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      ssr: import.meta.filename,
      outDir: folder,
      emptyOutDir: false,
      // As Vite bundles a worker: with `var` in place of `const` the engine does not fold constants into the code (5 %).
      rolldownOptions: { output: { entryFileNames: 'read.mjs', topLevelVar: false } },
    },
  })
  return join(folder, 'read.mjs')
}

/** Many small captures, repeated with other addresses and spread over time, as one. */
function makeCapture(folder: string): string {
  const list = join(folder, 'list')
  const sources = ['data/iot-sentinel-pcap', 'oracle/ndpi/pcap', 'data/cicflowmeter-oracle/pcap'].flatMap((name) =>
    globSync('**/*.pcap*', { cwd: join(SHARED, name) }).map((path) => join(SHARED, name, path)),
  )
  writeFileSync(list, sources.sort().join('\n'))
  const program = join(folder, 'make')
  execFileSync('gcc', ['-O2', '-o', program, join(SHARED, 'peers/make-big-capture.c'), '-lpcap'], { stdio: 'ignore' })
  const capture = join(folder, 'big.pcap')
  execFileSync(program, [list, capture, '18', '600', '120'], { stdio: 'ignore' })
  return capture
}

interface Measure {
  readonly seconds: number
  readonly megabytes: number
}

/** Undefined when the program is not here or fails. */
function measure(command: readonly string[]): Measure | undefined {
  const { stdout } = spawnSync('python3', ['-c', MEASURE, ...command], { encoding: 'utf8' })
  const [seconds = Number.NaN, kilobytes = Number.NaN, status = 1] = stdout.trim().split(' ').map(Number)
  return status === 0 && seconds > 0 ? { seconds, megabytes: kilobytes / 1024 } : undefined
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!
}

async function main(rounds: number, given: string | undefined): Promise<void> {
  if (given === undefined && !existsSync(SHARED)) {
    console.log('../shared is not here, and no capture was given: nothing to measure')
    return
  }
  const folder = mkdtempSync(join(tmpdir(), 'flows-bench-'))
  try {
    const capture = given ?? makeCapture(folder)
    const slice = join(folder, 'slice.pcap')
    const hasTshark =
      spawnSync('tshark', ['-r', capture, '-c', `${SLICE_PACKETS}`, '-w', slice, '-F', 'pcap']).status === 0
    const { packets, flows, sightings } = await readWhole(capture, {})
    console.log(`${statSync(capture).size} bytes, ${packets} packets, ${flows} flows, ${sightings} sightings`)
    mkdirSync(join(folder, 'nf'))
    const bundle = await bundleSelf(folder)
    const programs: readonly (readonly [string, readonly string[], number, number])[] = [
      ['ours: 78 features', [process.execPath, bundle, '--features', capture], packets, rounds],
      ['ours: columns, 78 features', [process.execPath, bundle, '--flows', capture], packets, rounds],
      ['ours: columns, 78 features, names', [process.execPath, bundle, '--names', capture], packets, rounds],
      ['… from TypeScript', [process.execPath, import.meta.filename, '--names', capture], packets, rounds],
      [
        'prototype: 78 features',
        [process.execPath, `${SHARED}prototypes/flow-features.js`, capture, '1', '1048576', 'expire'],
        packets,
        rounds,
      ],
      ['softflowd', ['softflowd', '-r', capture, '-n', '127.0.0.1:9995', '-d'], packets, 1],
      ['nfpcapd', ['nfpcapd', '-r', capture, '-w', join(folder, 'nf')], packets, 1],
      ['argus', ['argus', '-r', capture, '-w', join(folder, 'out.argus')], packets, 1],
      ['ndpiReader', ['ndpiReader', '-i', capture, '-q'], packets, 1],
    ]
    const ofSlice: typeof programs = hasTshark
      ? [
          ['tshark -z conv', ['tshark', '-n', '-q', '-r', slice, '-z', 'conv,tcp', '-z', 'conv,udp'], SLICE_PACKETS, 1],
          [
            'tshark -T fields',
            ['tshark', '-n', '-r', slice, '-T', 'fields', '-e', 'ip.src', '-e', 'tcp.srcport', '-e', 'tcp.len'],
            SLICE_PACKETS,
            1,
          ],
        ]
      : []
    const results = [...programs, ...ofSlice].map((program) => ({ program, measures: [] as Measure[] }))
    for (let round = 0; round < rounds; round++) {
      for (const { program, measures } of results) {
        const result = round < program[3] ? measure(program[1]) : undefined
        if (result !== undefined) measures.push(result)
      }
    }
    const rate = (index: number) => {
      const { program, measures } = results[index]!
      return program[2] / median(measures.map(({ seconds }) => seconds)) / 1e6
    }
    for (const [index, { program, measures }] of results.entries()) {
      if (measures.length === 0) continue
      const best = program[2] / Math.min(...measures.map(({ seconds }) => seconds)) / 1e6
      const peak = Math.max(...measures.map(({ megabytes }) => megabytes))
      const ours = [0, 1, 2].map((own) => (rate(own) / rate(index)).toFixed(2))
      console.log(
        `${program[0].padEnd(36)} ${rate(index).toFixed(3)} Mpkt per CPU second (best ${best.toFixed(3)}), ${peak.toFixed(0)} MB; ours is ${ours.join(' | ')} times that`,
      )
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (process.argv[2] === '--features') await addFeatures(process.argv[3]!)
else if (process.argv[2] === '--flows') await readWhole(process.argv[3]!, { sightings: false })
else if (process.argv[2] === '--names') await readWhole(process.argv[3]!, {})
else await main(Number(process.argv[2] ?? 5), process.argv[3])
