/** A relay as a process of its own, to be killed: node relay-process.ts '{"store":…,"relay":…,"url":…}' prints a line when it is open. */
import { generateKeyPairSync } from 'node:crypto'
import { createRelay } from '../../relay/app.ts'
import { openStore } from '../../relay/store/database.ts'

const given = JSON.parse(process.argv[2] ?? '{}') as { store: string; relay: string; url: string }
await createRelay({
  store: await openStore(given.store),
  site: { answer: async () => ({ status: 404, headers: {}, body: undefined }) },
  signingKey: generateKeyPairSync('ed25519').privateKey,
  claimCode: 'bcdfg-hjkmn-pqrst-vwxyz',
  relay: given.relay,
  mqtt: { url: given.url },
  hosts: new Set(),
  requestsPerMinute: 100,
  logLevel: 'error',
  version: '0.0.0',
})
console.log('open')
