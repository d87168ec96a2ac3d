/** One shared clock for all relative times on the page: it runs only while something shows it. */
import { createSubscriber } from 'svelte/reactivity'

const tick = createSubscriber((update) => {
  const timer = setInterval(update, 30_000)
  return () => clearInterval(timer)
})

/** µs since 1970; what reads it in markup is drawn again twice a minute. */
export function nowMicros(): number {
  tick()
  return Date.now() * 1000
}
