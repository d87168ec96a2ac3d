/** Light, dark or as the system is. static/boot.js reads the same key before the first paint. */
export type Theme = 'system' | 'light' | 'dark'

const KEY = 'theme'

export function readTheme(): Theme {
  const stored = safely(() => localStorage.getItem(KEY))
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

export function chooseTheme(theme: Theme): void {
  safely(() => (theme === 'system' ? localStorage.removeItem(KEY) : localStorage.setItem(KEY, theme)))
  applyTheme()
}

/** Follows the system and other tabs for as long as the page lives; returns how to stop. */
export function followTheme(): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)')
  system.addEventListener('change', applyTheme)
  addEventListener('storage', applyTheme)
  return () => {
    system.removeEventListener('change', applyTheme)
    removeEventListener('storage', applyTheme)
  }
}

function applyTheme(): void {
  const theme = readTheme()
  const dark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
  const root = document.documentElement
  root.dataset.theme = dark ? 'dark' : 'light'
  root.style.colorScheme = dark ? 'dark' : 'light'
}

/** Storage may be refused; then the choice holds for this page only. */
function safely<T>(use: () => T): T | undefined {
  try {
    return use()
  } catch (error) {
    if (error instanceof DOMException) return undefined
    throw error
  }
}
