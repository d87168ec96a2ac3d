/** How prevention acts on the world: through the broker, and through the firewall where the relay is the gateway. */
import type { Firewall } from './firewall.ts'

/** Whether something was done, by which means or why not: a sentence. */
export interface Effect {
  readonly success: boolean
  readonly detail: string
}

/** All may be repeated: what is done already stays done. */
export interface ActionPort {
  quarantine(device: string, seconds: number | undefined): Promise<Effect>
  release(device: string): Promise<Effect>
  /** Messages a second that the device may still send; undefined: as many as it likes. */
  rateLimit(device: string, perSecond: number | undefined): Promise<Effect>
  /** `address` was read by core/prevent/address.ts. */
  block(address: string, seconds: number | undefined): Promise<Effect>
  unblock(address: string): Promise<Effect>
}

export interface BrokerPart {
  quarantine(device: string): Promise<Effect>
  release(device: string): Promise<Effect>
  limit(device: string, perSecond: number | undefined): Promise<Effect>
}

export interface ActionParts {
  readonly broker: BrokerPart | undefined
  readonly firewall: Firewall | undefined
  /** The device's address where it may be blocked; undefined when it is not known, or must stay open. */
  readonly addressOf: (device: string) => Promise<string | undefined>
}

/** A message with its acknowledgements and a margin. The broker counts messages exactly; the firewall only bounds what passes beside it. */
export const PACKETS_PER_MESSAGE = 8

export function createActionPort({ broker, firewall, addressOf }: ActionParts): ActionPort {
  const both = async (
    device: string,
    atBroker: (broker: BrokerPart) => Promise<Effect>,
    atFirewall: (firewall: Firewall, address: string) => Promise<Effect>,
  ): Promise<Effect> => {
    const address = firewall && (await addressOf(device))
    return together([
      broker && attempt(() => atBroker(broker)),
      firewall && address !== undefined ? attempt(() => atFirewall(firewall, address)) : undefined,
    ])
  }
  const only = (atFirewall: (firewall: Firewall) => Promise<Effect>): Promise<Effect> =>
    firewall ? attempt(() => atFirewall(firewall)) : Promise.resolve(NO_FIREWALL)
  return {
    quarantine: (device, seconds) =>
      both(
        device,
        (at) => at.quarantine(device),
        (at, address) => at.block(address, seconds),
      ),
    release: (device) =>
      both(
        device,
        (at) => at.release(device),
        (at, address) => at.unblock(address),
      ),
    rateLimit: (device, perSecond) =>
      both(
        device,
        (at) => at.limit(device, perSecond),
        (at, address) => at.limit(address, perSecond === undefined ? undefined : perSecond * PACKETS_PER_MESSAGE),
      ),
    block: (address, seconds) => only((at) => at.block(address, seconds)),
    unblock: (address) => only((at) => at.unblock(address)),
  }
}

const NO_FIREWALL: Effect = {
  success: false,
  detail:
    'This relay sets no firewall: switch it on where the relay is the gateway (FIREWALL=1), or do it at the router by a recipe.',
}

async function together(parts: readonly (Promise<Effect> | undefined)[]): Promise<Effect> {
  const effects = (await Promise.all(parts)).flatMap((effect) => effect ?? [])
  if (effects.length === 0)
    return { success: false, detail: 'The relay has neither a broker nor a firewall that could do this.' }
  return {
    success: effects.every(({ success }) => success),
    detail: effects.map(({ detail }) => detail).join(' '),
  }
}

async function attempt(act: () => Promise<Effect>): Promise<Effect> {
  try {
    return await act()
  } catch (error) {
    return { success: false, detail: error instanceof Error ? error.message : String(error) }
  }
}
