// The few globals that every host of the core has: browser worker, Node, test.
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(input?: Uint8Array, options?: { stream?: boolean }): string
}
declare class TextEncoder {
  encode(input: string): Uint8Array<ArrayBuffer>
}
interface AbortSignal {
  readonly aborted: boolean
  throwIfAborted(): void
}
interface SubtleDigest {
  digest(algorithm: 'SHA-256', data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>
}
declare const crypto: { readonly subtle: SubtleDigest }
declare const performance: { now(): number }
