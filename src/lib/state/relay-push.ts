/** Web Push of alerts to this browser: asked for by a person, ended by a person. */
import * as v from 'valibot'
import { relayLink } from './relay-link.svelte.ts'

const keyAnswer = v.object({ key: v.string() })

export async function isPushed(): Promise<boolean> {
  const registration = await navigator.serviceWorker.getRegistration()
  return Boolean(await registration?.pushManager.getSubscription())
}

/** Throws with a sentence when the person, or the browser, says no. */
export async function pushHere(): Promise<void> {
  if ((await Notification.requestPermission()) !== 'granted')
    throw new Error('The browser does not allow notifications from here.')
  const registration = await navigator.serviceWorker.ready
  const { key } = await relayLink.client.ask('GET', 'push/key', keyAnswer)
  const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
  await relayLink.client.send('POST', 'push/subscriptions', subscription.toJSON())
}

export async function stopPushHere(): Promise<void> {
  const registration = await navigator.serviceWorker.getRegistration()
  const subscription = await registration?.pushManager.getSubscription()
  if (!subscription) return
  await relayLink.client.send('DELETE', 'push/subscriptions', { endpoint: subscription.endpoint })
  await subscription.unsubscribe()
}
