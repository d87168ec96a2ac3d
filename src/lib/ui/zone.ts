/** The clock by which a recording's times are told: the reader's own, or the one that its sentences were written by. */
import { getContext, setContext } from 'svelte'

const KEY = Symbol('zone')

/** An IANA name for everything below this component; undefined is the reader's zone. Call while the component is set up. */
export function provideZone(zone: () => string | undefined): void {
  setContext(KEY, zone)
}

export function useZone(): () => string | undefined {
  return getContext<(() => string | undefined) | undefined>(KEY) ?? (() => undefined)
}
