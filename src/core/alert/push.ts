/** What the relay pushes to a browser, read by its service worker, which must show something for every push. */
export interface PushNotice {
  readonly title: string
  readonly text: string
  /** Of the alert; undefined: a message about none, such as a test. */
  readonly alert: number | undefined
}

/** The notice in a push's payload; one without particulars when it is of a version that this one does not know. */
export function readPush(payload: string | undefined): PushNotice {
  let value: unknown
  try {
    value = JSON.parse(payload ?? '')
  } catch {
    value = undefined
  }
  const { title, text, alert } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  return {
    title: typeof title === 'string' && title.trim() !== '' ? title : 'Your relay has something to say',
    text: typeof text === 'string' ? text : '',
    alert: typeof alert === 'number' && Number.isSafeInteger(alert) && alert > 0 ? alert : undefined,
  }
}

/** Where a click on it leads, relative to the site's root. */
export function pushPath({ alert }: PushNotice): string {
  return alert === undefined ? 'live/?show=alerts' : `live/?show=alerts&id=${alert}`
}
