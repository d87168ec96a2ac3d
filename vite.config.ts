import { sveltekit } from '@sveltejs/kit/vite'
import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'vite'
import { siteFolders } from './tools/site-folders.ts'

export default defineConfig({
  plugins: [siteFolders(), tailwindcss(), sveltekit()],
  worker: { format: 'es' },
  server: { fs: { allow: ['workers', 'models'] } },
})
