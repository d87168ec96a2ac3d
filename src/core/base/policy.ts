/**
 * The content security policy and the headers beside it: one table for the page's own <meta>, the small server, the service worker and
 * the Settings page that shows it (threat model P1).
 */

/** Trusted Types policies that may exist: ours (static/boot.js) and Svelte's for its templates. */
const TRUSTED_TYPES = ['default', 'svelte-trusted-html'] as const

/** The one style attribute of SvelteKit's own: it hides the element that tells screen readers where one has gone. */
const ANNOUNCER_STYLE = 'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='

export const CSP = {
  'default-src': ['none'],
  'script-src': ['self', 'wasm-unsafe-eval'],
  'style-src': ['self'],
  'style-src-attr': ['unsafe-hashes', ANNOUNCER_STYLE],
  'connect-src': ['self'],
  'img-src': ['self', 'data:', 'blob:'],
  'worker-src': ['self'],
  'manifest-src': ['self'],
  'base-uri': ['none'],
  'form-action': ['none'],
  'require-trusted-types-for': ['script'],
  'trusted-types': TRUSTED_TYPES,
} as const

/** Not allowed in a <meta>, so only headers carry it. */
const HEADER_ONLY = "frame-ancestors 'none'"

const KEYWORDS = new Set(['none', 'self', 'script', 'unsafe-hashes', 'wasm-unsafe-eval', ANNOUNCER_STYLE])

/** The policy as text; `scriptHashes` are those of a page's inline scripts, such as `sha256-…`. */
export function policyText(scriptHashes: readonly string[] = []): string {
  const parts = Object.entries(CSP).map(([directive, values]) => {
    const sources = values.map((value) => (KEYWORDS.has(value) ? `'${value}'` : value))
    const hashes = directive === 'script-src' ? scriptHashes.map((hash) => `'${hash}'`) : []
    return [directive, ...sources, ...hashes].join(' ')
  })
  return [...parts, HEADER_ONLY].join('; ')
}

/** On every response, those of workers too: a worker obeys the policy of its own response, not the page's. */
export function securityHeaders(scriptHashes: readonly string[] = []): Record<string, string> {
  return {
    'content-security-policy': policyText(scriptHashes),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy':
      'camera=(), microphone=(), geolocation=(), usb=(), serial=(), bluetooth=(), payment=(), browsing-topics=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
}

/** The texts of a page's inline scripts, which its policy must name by hash. */
export function inlineScripts(html: string): string[] {
  const texts: string[] = []
  let at = 0
  for (;;) {
    const open = html.indexOf('<script', at)
    if (open < 0) return texts
    const start = html.indexOf('>', open) + 1
    const end = html.indexOf('</script', start)
    if (start === 0 || end < 0) return texts
    if (!/\ssrc\s*=/.test(html.slice(open, start))) texts.push(html.slice(start, end))
    at = end
  }
}
