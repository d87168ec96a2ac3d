/**
 * A model as bytes, version 1: `IGDM`, version and length of the head as 32-bit words; the head as JSON (kind, plain fields, and the
 * name, type and length of each array); the arrays in that order, each at a multiple of 8 bytes. Little-endian, like every host.
 */
import { ModelError } from '../base/errors.ts'

const MAGIC = 0x4d444749
const VERSION = 1
const HEAD_AT = 12
export const MOST_MODEL_BYTES = 256 << 20
const MOST_HEAD_BYTES = 4 << 20

const ARRAYS = { f64: Float64Array, f32: Float32Array, i32: Int32Array, u8: Uint8Array } as const
type ArrayKind = keyof typeof ARRAYS
export type ModelArray = Float64Array | Float32Array | Int32Array | Uint8Array

export interface ModelParts {
  readonly kind: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly arrays: Readonly<Record<string, ModelArray>>
}

export function packModel({ kind, fields, arrays }: ModelParts): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(arrays)
  const list = entries.map(([name, array]) => [name, kindOf(array), array.length])
  const head = new TextEncoder().encode(JSON.stringify({ kind, fields, arrays: list }))
  let size = align(HEAD_AT + head.length)
  for (const [, array] of entries) size = align(size + array.byteLength)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint32(4, VERSION, true)
  view.setUint32(8, head.length, true)
  bytes.set(head, HEAD_AT)
  let at = align(HEAD_AT + head.length)
  for (const [, array] of entries) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at)
    at = align(at + array.byteLength)
  }
  return bytes
}

/** A reader of the fields and arrays of a model; each of its calls throws ModelError when the thing is missing or of another type. */
export class ModelReader {
  readonly #fields: Record<string, unknown>
  readonly #arrays = new Map<string, ModelArray>()

  constructor(bytes: Uint8Array, kind: string) {
    if (bytes.length > MOST_MODEL_BYTES) {
      throw new ModelError(`the model has ${bytes.length} bytes; the most is ${MOST_MODEL_BYTES}`)
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (bytes.length < HEAD_AT || view.getUint32(0, true) !== MAGIC)
      throw new ModelError('this is no model file of IoT Guardian')
    const version = view.getUint32(4, true)
    if (version !== VERSION)
      throw new ModelError(`the model file has version ${version}; this app reads version ${VERSION}`)
    const headBytes = view.getUint32(8, true)
    if (headBytes > MOST_HEAD_BYTES || HEAD_AT + headBytes > bytes.length)
      throw new ModelError('the model file is cut short')
    const head = parseHead(bytes.subarray(HEAD_AT, HEAD_AT + headBytes))
    if (head.kind !== kind) throw new ModelError(`the file holds a model of kind ${String(head.kind)}, not ${kind}`)
    if (!isRecord(head.fields) || !Array.isArray(head.arrays))
      throw new ModelError('the head of the model file is damaged')
    this.#fields = head.fields
    let at = align(HEAD_AT + headBytes)
    for (const entry of head.arrays as unknown[]) {
      const [name, type, length] = Array.isArray(entry) ? (entry as unknown[]) : []
      if (typeof name !== 'string' || !isArrayKind(type) || !isCount(length)) {
        throw new ModelError('the head of the model file is damaged')
      }
      const end = at + length * ARRAYS[type].BYTES_PER_ELEMENT
      if (end > bytes.length) throw new ModelError('the model file is cut short')
      const copy = bytes.slice(at, end)
      this.#arrays.set(name, new ARRAYS[type](copy.buffer, copy.byteOffset, length))
      at = align(end)
    }
  }

  float64(name: string, length?: number): Float64Array {
    const array = this.#array(name, length)
    if (!(array instanceof Float64Array)) throw new ModelError(`${name} of the model has another type`)
    return array
  }

  float32(name: string, length?: number): Float32Array {
    const array = this.#array(name, length)
    if (!(array instanceof Float32Array)) throw new ModelError(`${name} of the model has another type`)
    return array
  }

  int32(name: string, length?: number): Int32Array {
    const array = this.#array(name, length)
    if (!(array instanceof Int32Array)) throw new ModelError(`${name} of the model has another type`)
    return array
  }

  uint8(name: string, length?: number): Uint8Array {
    const array = this.#array(name, length)
    if (!(array instanceof Uint8Array)) throw new ModelError(`${name} of the model has another type`)
    return array
  }

  texts(name: string): string[] {
    const value = this.#fields[name]
    if (!Array.isArray(value)) throw new ModelError(`the model has no ${name}`)
    return value.map((text: unknown) => {
      if (typeof text !== 'string') throw new ModelError(`${name} of the model has what is no text`)
      return text
    })
  }

  number(name: string): number {
    const value = this.#fields[name]
    if (typeof value !== 'number') throw new ModelError(`the model has no ${name}`)
    return value
  }

  /** A whole number from `least` to `most`. */
  count(name: string, least: number, most: number): number {
    const value = this.number(name)
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new ModelError(`${name} of the model is ${value}, not a whole number from ${least} to ${most}`)
    }
    return value
  }

  #array(name: string, length: number | undefined): ModelArray {
    const array = this.#arrays.get(name)
    if (!array) throw new ModelError(`the model has no ${name}`)
    if (length !== undefined && array.length !== length) {
      throw new ModelError(`${name} of the model has ${array.length} numbers, not ${length}`)
    }
    return array
  }
}

/** The kind that a model file names itself, for choosing who loads it. */
export function readModelKind(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < HEAD_AT || view.getUint32(0, true) !== MAGIC)
    throw new ModelError('this is no model file of IoT Guardian')
  const headBytes = Math.min(view.getUint32(8, true), MOST_HEAD_BYTES)
  return String(parseHead(bytes.subarray(HEAD_AT, HEAD_AT + headBytes)).kind)
}

function parseHead(bytes: Uint8Array): Record<string, unknown> {
  let head: unknown
  try {
    head = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new ModelError('the head of the model file is damaged')
  }
  if (!isRecord(head)) throw new ModelError('the head of the model file is damaged')
  return head
}

function kindOf(array: ModelArray): ArrayKind {
  if (array instanceof Float64Array) return 'f64'
  if (array instanceof Float32Array) return 'f32'
  return array instanceof Int32Array ? 'i32' : 'u8'
}

function align(at: number): number {
  return (at + 7) & ~7
}

function isArrayKind(value: unknown): value is ArrayKind {
  return typeof value === 'string' && Object.hasOwn(ARRAYS, value)
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && typeof value === 'number' && value >= 0 && value <= MOST_MODEL_BYTES
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
