/**
 * Reads ONNX files: the parts of onnx.proto3 (ONNX 1.9) that say what a small network computes — nodes, constants, inputs and outputs.
 * The bytes are not trusted: what is cut short, nested wrongly or too large is refused with a ModelError.
 */
import { ModelError } from '../base/errors.ts'

export interface ReadGraph {
  readonly nodes: readonly ReadNode[]
  readonly tensors: ReadonlyMap<string, ReadTensor>
  readonly inputs: readonly string[]
  /** Of each input, by its name; NaN where a size is left open. */
  readonly inputDims: ReadonlyMap<string, readonly number[]>
  readonly outputs: readonly string[]
}

export interface ReadNode {
  readonly op: string
  /** '' where an optional input or output is left out. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly numbers: ReadonlyMap<string, readonly number[]>
  readonly texts: ReadonlyMap<string, readonly string[]>
}

export interface ReadTensor {
  readonly dims: readonly number[]
  /** Of float32; of another type undefined. */
  readonly values: Float32Array | undefined
  /** Of int64; of another type undefined. */
  readonly integers: readonly number[] | undefined
}

export const MOST_ONNX_BYTES = 64 << 20
const MOST_PARTS = 10_000
const FLOAT = 1
const INT64 = 7

/** Throws ModelError when the bytes are no ONNX model, or one that is larger than any the app trains. */
export function readOnnx(bytes: Uint8Array): ReadGraph {
  if (bytes.length > MOST_ONNX_BYTES) {
    throw new ModelError(
      `the ONNX file has ${bytes.length} bytes; the largest that is read is ${MOST_ONNX_BYTES >> 20} MB`,
    )
  }
  const graph = fieldsOf(bytes).find(({ number, bytes: part }) => number === 7 && part)?.bytes
  if (!graph) throw new ModelError('this is no ONNX file: it holds no graph')
  const nodes: ReadNode[] = []
  const tensors = new Map<string, ReadTensor>()
  const inputDims = new Map<string, readonly number[]>()
  const outputs: string[] = []
  for (const { number, bytes: part } of fieldsOf(graph)) {
    if (!part) continue
    if (number === 1) nodes.push(readNode(part))
    else if (number === 5) readTensor(part, tensors)
    else if (number === 11) inputDims.set(nameIn(part, 1), dimsOf(part))
    else if (number === 12) outputs.push(nameIn(part, 1))
  }
  return { nodes, tensors, inputs: [...inputDims.keys()], inputDims, outputs }
}

function readNode(bytes: Uint8Array): ReadNode {
  const inputs: string[] = []
  const outputs: string[] = []
  const numbers = new Map<string, readonly number[]>()
  const texts = new Map<string, readonly string[]>()
  let op = ''
  for (const { number, bytes: part } of fieldsOf(bytes)) {
    if (!part) continue
    if (number === 1) inputs.push(textOf(part))
    else if (number === 2) outputs.push(textOf(part))
    else if (number === 4) op = textOf(part)
    else if (number === 5) {
      const fields = fieldsOf(part)
      const name = nameIn(part, 1)
      const strings = fields.filter((field) => (field.number === 4 || field.number === 9) && field.bytes)
      if (strings.length > 0) {
        texts.set(
          name,
          strings.map((field) => textOf(field.bytes!)),
        )
      } else {
        const values = fields.filter((field) => field.number === 3 || field.number === 8)
        numbers.set(
          name,
          values.flatMap((field) => (field.bytes ? varintsOf(field.bytes) : [field.value])),
        )
      }
    }
  }
  return { op, inputs, outputs, numbers, texts }
}

function readTensor(bytes: Uint8Array, tensors: Map<string, ReadTensor>): void {
  const dims: number[] = []
  let type = 0
  let name = ''
  let raw: Uint8Array | undefined
  const floats: Uint8Array[] = []
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) dims.push(...(field.bytes ? varintsOf(field.bytes) : [field.value]))
    else if (field.number === 2) type = field.value
    else if (field.number === 4 && field.bytes) floats.push(field.bytes)
    else if (field.number === 8 && field.bytes) name = textOf(field.bytes)
    else if (field.number === 9) raw = field.bytes
  }
  const length = dims.reduce((product, size) => product * size, 1)
  const size = type === FLOAT ? 4 : type === INT64 ? 8 : undefined
  if (size === undefined) {
    tensors.set(name, { dims, values: undefined, integers: undefined })
    return
  }
  const data = raw ?? joined(floats)
  if (data.length !== size * length) {
    throw new ModelError(
      `${name.slice(0, 80)} of the ONNX file has ${data.length} bytes, not the ${size * length} of its shape`,
    )
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  tensors.set(name, {
    dims,
    values: size === 4 ? Float32Array.from({ length }, (_, i) => view.getFloat32(4 * i, true)) : undefined,
    integers: size === 8 ? Array.from({ length }, (_, i) => Number(view.getBigInt64(8 * i, true))) : undefined,
  })
}

interface Field {
  readonly number: number
  /** Of a varint; 0 else. */
  readonly value: number
  /** Of what has a length. */
  readonly bytes: Uint8Array | undefined
}

/** The fields of a protobuf message, in their order. */
function fieldsOf(bytes: Uint8Array): Field[] {
  const fields: Field[] = []
  const cursor = { at: 0 }
  while (cursor.at < bytes.length) {
    if (fields.length === MOST_PARTS)
      throw new ModelError(`the ONNX file has more than ${MOST_PARTS} parts in one place`)
    const key = varint(bytes, cursor)
    const number = Math.floor(key / 8)
    const wire = key % 8
    if (wire === 0) fields.push({ number, value: varint(bytes, cursor), bytes: undefined })
    else {
      const length = wire === 2 ? varint(bytes, cursor) : wire === 1 ? 8 : wire === 5 ? 4 : Number.NaN
      if (!(cursor.at + length <= bytes.length)) throw new ModelError('this is no ONNX file, or it is cut short')
      fields.push({ number, value: 0, bytes: bytes.subarray(cursor.at, cursor.at + length) })
      cursor.at += length
    }
  }
  return fields
}

function varintsOf(bytes: Uint8Array): number[] {
  const values: number[] = []
  const cursor = { at: 0 }
  while (cursor.at < bytes.length) values.push(varint(bytes, cursor))
  return values
}

/** Negative numbers come as ten bytes and are read as very large ones; no shape or attribute that is used here has any. */
function varint(bytes: Uint8Array, cursor: { at: number }): number {
  let value = 0
  let scale = 1
  for (let i = 0; i < 10; i++) {
    const byte = bytes[cursor.at++]
    if (byte === undefined) break
    value += (byte & 127) * scale
    if (byte < 128) return value
    scale *= 128
  }
  throw new ModelError('this is no ONNX file, or it is cut short')
}

/** Of a ValueInfoProto: type, tensor type, shape, and each dimension's value. */
function dimsOf(bytes: Uint8Array): number[] {
  const within = (outer: Uint8Array | undefined, number: number) =>
    outer && fieldsOf(outer).find((field) => field.number === number && field.bytes)?.bytes
  const shape = within(within(within(bytes, 2), 1), 2)
  const dims = shape ? fieldsOf(shape).filter((field) => field.number === 1 && field.bytes) : []
  return dims.map(({ bytes: dim }) => fieldsOf(dim!).find(({ number }) => number === 1)?.value ?? Number.NaN)
}

function nameIn(bytes: Uint8Array, number: number): string {
  const field = fieldsOf(bytes).find((one) => one.number === number && one.bytes)
  return field?.bytes ? textOf(field.bytes) : ''
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
