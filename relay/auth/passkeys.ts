/** Passkeys (WebAuthn): registered by who is logged in, then enough to log in without a password. */
import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import { appendAudit } from '../audit/append.ts'
import { RefusedError } from '../http/errors.ts'
import type { Store } from '../store/store.ts'
import type { LoggedIn } from './log-in.ts'
import { findUser, openSession, type UserRow } from './store.ts'

/** A challenge is answered within this time or not at all; they live in the relay that gave them. */
const CHALLENGE_MS = 120_000
const MOST_CHALLENGES = 1000

export interface Site {
  /** The host name without port: what passkeys are bound to. */
  readonly rpId: string
  readonly origin: string
}

export class Passkeys {
  readonly #store: Store
  readonly #challenges = new Map<string, number>()

  constructor(store: Store) {
    this.#store = store
  }

  async registrationOptions(user: UserRow, { rpId }: Site): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const known = await this.#ofUser(user.id)
    const options = await generateRegistrationOptions({
      rpName: 'IoT Guardian',
      rpID: rpId,
      userName: user.name,
      userID: new Uint8Array(Buffer.from(user.id)),
      excludeCredentials: known.map(({ id }) => ({ id })),
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    })
    this.#give(options.challenge)
    return options
  }

  async register(user: UserRow, name: string, response: RegistrationResponseJSON, site: Site, nowMicros: number) {
    const { verified, registrationInfo } = await refuseOnError(() =>
      verifyRegistrationResponse({
        response,
        expectedChallenge: (challenge) => this.#take(challenge),
        expectedOrigin: site.origin,
        expectedRPID: site.rpId,
        requireUserVerification: true,
      }),
    )
    if (!verified || !registrationInfo) throw notAccepted()
    const { credential } = registrationInfo
    await this.#store.write(async (trx) => {
      await appendAudit(trx, { actor: user.name, action: 'passkey.added', target: name }, nowMicros)
      await trx
        .insertInto('passkeys')
        .values({
          id: credential.id,
          user_id: user.id,
          public_key: Buffer.from(credential.publicKey).toString('base64url'),
          counter: credential.counter,
          transports: JSON.stringify(credential.transports ?? []),
          name,
          created_micros: nowMicros,
        })
        .execute()
    })
  }

  async logInOptions({ rpId }: Site): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const options = await generateAuthenticationOptions({ rpID: rpId, userVerification: 'required' })
    this.#give(options.challenge)
    return options
  }

  async logIn(response: AuthenticationResponseJSON, site: Site, nowMicros: number): Promise<LoggedIn> {
    const key = await this.#store.db.selectFrom('passkeys').selectAll().where('id', '=', response.id).executeTakeFirst()
    const user = key && (await findUser(this.#store.db, { id: key.user_id }))
    if (!key || !user) throw notAccepted()
    const { verified, authenticationInfo } = await refuseOnError(() =>
      verifyAuthenticationResponse({
        response,
        expectedChallenge: (challenge) => this.#take(challenge),
        expectedOrigin: site.origin,
        expectedRPID: site.rpId,
        credential: {
          id: key.id,
          publicKey: new Uint8Array(Buffer.from(key.public_key, 'base64url')),
          counter: key.counter,
        },
        requireUserVerification: true,
      }),
    )
    if (!verified) throw notAccepted()
    return this.#store.write(async (trx) => {
      await appendAudit(
        trx,
        { actor: user.name, action: 'user.logged-in', target: user.name, detail: 'passkey' },
        nowMicros,
      )
      await trx
        .updateTable('passkeys')
        .set({ counter: authenticationInfo.newCounter })
        .where('id', '=', key.id)
        .execute()
      return { user, token: await openSession(trx, user.id, nowMicros) }
    })
  }

  #ofUser(userId: string) {
    return this.#store.db.selectFrom('passkeys').select('id').where('user_id', '=', userId).execute()
  }

  #give(challenge: string): void {
    const now = performance.now()
    for (const [known, until] of this.#challenges) {
      // In the order in which they were given: the first are the oldest.
      if (until > now && this.#challenges.size < MOST_CHALLENGES) break
      this.#challenges.delete(known)
    }
    this.#challenges.set(challenge, now + CHALLENGE_MS)
  }

  /** True once. */
  #take(challenge: string): boolean {
    const until = this.#challenges.get(challenge)
    this.#challenges.delete(challenge)
    return until !== undefined && until > performance.now()
  }
}

async function refuseOnError<T>(verify: () => Promise<T>): Promise<T> {
  try {
    return await verify()
  } catch (error) {
    throw new RefusedError(
      400,
      `The passkey was not accepted: ${error instanceof Error ? error.message : 'no reason'}.`,
    )
  }
}

function notAccepted(): RefusedError {
  return new RefusedError(401, 'The passkey was not accepted.')
}
