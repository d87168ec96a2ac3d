import { vitePreprocess } from '@sveltejs/vite-plugin-svelte'
import { CSP } from './src/core/base/policy.ts'
import { siteAdapter } from './tools/site-adapter.ts'

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    adapter: siteAdapter(),
    // Relative, so that the build works under any path of any static host.
    paths: { relative: true },
    // A <meta> for hosts that send no headers; the hashes are those of SvelteKit's inline start script.
    csp: { mode: 'hash', directives: structuredClone(CSP) },
    // lib/remote/service-worker.ts registers it: with consent before an update, and not in development.
    serviceWorker: { register: false },
  },
}
