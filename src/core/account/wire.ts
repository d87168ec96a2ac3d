/** Accounts of the relay: what crosses between page and relay about people, their roles and their keys. */
import * as v from 'valibot'

/** Each role may do what the ones after it may: admin over operator over viewer. */
export const ROLES = ['admin', 'operator', 'viewer'] as const
export type Role = (typeof ROLES)[number]

export const MIN_PASSWORD_CHARACTERS = 10
const MAX_PASSWORD_CHARACTERS = 256

export const userName = v.pipe(
  v.string(),
  v.trim(),
  v.regex(/^[\p{L}\p{N}._@-]{1,64}$/u, 'A user name is 1 to 64 letters, digits or . _ @ -'),
)
export const password = v.pipe(
  v.string(),
  v.minLength(MIN_PASSWORD_CHARACTERS, `A password has at least ${MIN_PASSWORD_CHARACTERS} characters`),
  v.maxLength(MAX_PASSWORD_CHARACTERS, `A password has at most ${MAX_PASSWORD_CHARACTERS} characters`),
)
export const role = v.picklist(ROLES)

export const logInRequest = v.strictObject({ name: userName, password: v.pipe(v.string(), v.maxLength(256)) })

/** The code that the relay prints at its first start makes its bearer the first admin, once. */
export const claimRequest = v.strictObject({
  code: v.pipe(v.string(), v.trim(), v.maxLength(64)),
  name: userName,
  password,
})

export const newUserRequest = v.strictObject({ name: userName, password, role })

export const user = v.object({
  id: v.string(),
  name: userName,
  role,
  createdMicros: v.number(),
  /** Undefined while the account is open; else no log-in before that time. */
  lockedUntilMicros: v.optional(v.number()),
})
export type User = v.InferOutput<typeof user>

export const API_KEY_SCOPES = ['read', 'ingest', 'operate'] as const
export const newApiKeyRequest = v.strictObject({
  name: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(64)),
  /** `read` is a viewer, `ingest` may only send traffic, `operate` is an operator. */
  scope: v.picklist(API_KEY_SCOPES),
})
