/** Under the page's policy a worker may start workers of this origin only; the policy is made once per worker. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown
}

export function allowOwnWorkers(): void {
  const types: unknown = Reflect.get(self, 'trustedTypes')
  if (!isTrustedTypes(types)) return
  types.createPolicy('default', {
    createScriptURL(url) {
      if (new URL(url, self.location.href).origin !== self.location.origin)
        throw new TypeError('only scripts of this origin run here')
      return url
    },
  })
}

function isTrustedTypes(value: unknown): value is TrustedTypes {
  return typeof value === 'object' && value !== null && 'createPolicy' in value
}
