/** The browser's offer to install the app, kept until the person asks for it in Settings. */
interface InstallPrompt extends Event {
  prompt(): Promise<unknown>
}

function isPrompt(event: Event): event is InstallPrompt {
  return 'prompt' in event && typeof event.prompt === 'function'
}

class Install {
  #offer: InstallPrompt | undefined = $state.raw()

  get isOffered(): boolean {
    return this.#offer !== undefined
  }

  /** Call once: browsers make the offer soon after the page has loaded. Returns how to stop. */
  listen(): () => void {
    const keep = (event: Event) => {
      if (!isPrompt(event)) return
      event.preventDefault()
      this.#offer = event
    }
    const forget = () => (this.#offer = undefined)
    addEventListener('beforeinstallprompt', keep)
    addEventListener('appinstalled', forget)
    return () => {
      removeEventListener('beforeinstallprompt', keep)
      removeEventListener('appinstalled', forget)
    }
  }

  async ask(): Promise<void> {
    await this.#offer?.prompt()
    this.#offer = undefined
  }
}

export const install = new Install()
