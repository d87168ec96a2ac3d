/** Readers of a manifest's fields. Each throws ModelError with a sentence: a model that is not understood is not used. */
import { ModelError } from '../base/errors.ts'

export type Fields = Readonly<Record<string, unknown>>

export function refuse(path: string, expected: string, came: string): never {
  throw new ModelError(`the model's manifest needs ${expected} at ${path}, and has ${came.slice(0, 80)}`)
}

export function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null || Array.isArray(value) || typeof value === 'object')
    return value === null ? 'null' : 'something else'
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}

export function object(value: unknown, path: string): Fields {
  if (!isRecord(value)) refuse(path, 'an object', describe(value))
  return value
}

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function array(value: unknown, path: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(path, 'a list', describe(value))
}

export function text(value: unknown, path: string): string {
  return typeof value === 'string' && value !== '' ? value : refuse(path, 'a text', describe(value))
}

export function number(value: unknown, path: string): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : refuse(path, 'a finite number', describe(value))
}

export function whole(value: unknown, path: string): number {
  const count = number(value, path)
  return Number.isSafeInteger(count) && count > 0 ? count : refuse(path, 'a whole number above 0', String(count))
}

export function texts(value: unknown, path: string): readonly string[] {
  return array(value, path).map((item, index) => text(item, `${path}[${index}]`))
}

export function numbers(value: unknown, path: string): readonly number[] {
  return array(value, path).map((item, index) => number(item, `${path}[${index}]`))
}

export function oneOf<T extends string>(value: unknown, allowed: readonly T[], path: string): T {
  return allowed.find((name) => name === value) ?? refuse(path, allowed.join(' or '), describe(value))
}

export function hash(value: unknown, path: string): string {
  const digits = text(value, path)
  return /^[0-9a-f]{64}$/.test(digits) ? digits : refuse(path, '64 hexadecimal digits', digits)
}
