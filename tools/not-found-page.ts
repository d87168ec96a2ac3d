/**
 * 404.html: small servers and static hosts send it for addresses that the site does not have, at any depth and under any path. It cannot
 * know where the site's root lies, so it looks for it from the top down by this build's version, then starts the app, which says in its own
 * frame that there is no such page. The words stand in it already for when that fails.
 */
import { createHash } from 'node:crypto'

/** `home` is the built index.html: it names the app's entry files and carries the policy. */
export function notFoundPage(home: string, version: string): string {
  const script = startScript({
    version,
    global: pick(home, /(__sveltekit_\w+) =/),
    start: pick(home, /import\("\.\/([^"]*entry\/start\.[^"]*)"\)/),
    app: pick(home, /import\("\.\/([^"]*entry\/app\.[^"]*)"\)/),
  })
  const hash = createHash('sha256').update(script).digest('base64')
  const policy = pick(home, /http-equiv="content-security-policy" content="([^"]*)"/)
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
    <meta name="color-scheme" content="light dark" />
    <meta http-equiv="content-security-policy" content="${policy.replace(/'sha256-[^']*'(?=; style-src)/, `'sha256-${hash}'`)}" />
    <link rel="icon" href="data:," />
    <title>No such page · IoT Guardian</title>
  </head>
  <body>
    <div class="contents">
      <main>
        <h1>There is no page at this address.</h1>
        <p>It may have been typed wrong or moved. Your history is untouched.</p>
      </main>
      <script>${script}</script>
    </div>
  </body>
</html>
`
}

function startScript(names: { version: string; global: string; start: string; app: string }): string {
  return `
(async (element) => {
  const folders = location.pathname.split('/').slice(0, -1)
  for (let depth = 1; depth <= folders.length; depth++) {
    const base = folders.slice(0, depth).join('/')
    const root = location.origin + base + '/'
    const response = await fetch(root + '_app/version.json').catch(() => undefined)
    const found = response?.ok ? await response.json().catch(() => undefined) : undefined
    if (found?.version !== ${JSON.stringify(names.version)}) continue
    ${names.global} = { base }
    await import(root + 'boot.js')
    const [kit, app] = await Promise.all([import(root + ${JSON.stringify(names.start)}), import(root + ${JSON.stringify(names.app)})])
    element.querySelector('main').remove()
    return kit.start(app, element)
  }
})(document.currentScript.parentElement)
`
}

function pick(html: string, pattern: RegExp): string {
  const found = pattern.exec(html)?.[1]
  if (found === undefined) throw new Error(`index.html has nothing like ${pattern}`)
  return found
}
