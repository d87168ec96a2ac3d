// Runs before anything else on every page; plain JavaScript, because it must not wait for a module.

// The theme before the first paint. lib/state keeps localStorage.theme; without it the system decides.
;(() => {
  const chosen = (() => {
    try {
      return localStorage.getItem('theme')
    } catch {
      return null // storage is refused: the system's theme
    }
  })()
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
  document.documentElement.style.colorScheme = dark ? 'dark' : 'light'
})()

// Trusted Types: scripts and workers come from this origin or not at all; strings never become HTML or code.
if (window.trustedTypes) {
  window.trustedTypes.createPolicy('default', {
    createScriptURL(url) {
      const { origin, protocol } = new URL(url, document.baseURI)
      if (origin !== location.origin || protocol === 'blob:') throw new TypeError(`refused script ${url}`)
      return url
    },
  })
}
