/** Passwords and device secrets: argon2id with OWASP's least parameters (19 MiB, 2 passes, 1 lane), kept in PHC form. */
import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const MEMORY_KIB = 19_456
const PASSES = 2
const LANES = 1
const HASH_BYTES = 32
const SALT_BYTES = 16

const derive = promisify(argon2)

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const hash = await run({ password, salt, memory: MEMORY_KIB, passes: PASSES, lanes: LANES, bytes: HASH_BYTES })
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${LANES}$${plain(salt)}$${plain(hash)}`
}

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/** A `kept` of null takes as long as a real one: nobody learns by the time taken which names there are. */
export async function verifyPassword(password: string, kept: string | null): Promise<boolean> {
  const parts = PHC.exec(kept ?? '')
  if (!parts) {
    await hashPassword(password)
    return false
  }
  const [, memory, passes, lanes, salt, hash] = parts
  const wanted = Buffer.from(hash ?? '', 'base64')
  const found = await run({
    password,
    salt: Buffer.from(salt ?? '', 'base64'),
    memory: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    bytes: wanted.length,
  })
  return timingSafeEqual(found, wanted)
}

interface Run {
  readonly password: string
  readonly salt: Buffer
  readonly memory: number
  readonly passes: number
  readonly lanes: number
  readonly bytes: number
}

function run({ password, salt, memory, passes, lanes, bytes }: Run): Promise<Buffer> {
  // The same password typed on another keyboard may come in another normal form.
  const message = Buffer.from(password.normalize('NFC'))
  return derive('argon2id', { message, nonce: salt, memory, passes, parallelism: lanes, tagLength: bytes })
}

/** PHC strings leave the padding out. */
const plain = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '')
