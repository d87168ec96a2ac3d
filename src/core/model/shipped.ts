/** The models that come with the app, the one that scans use by default first. Their folders are relative to the site's root. */
export const SHIPPED_MODELS = [
  { name: 'flow-autoencoder', version: '1.0.0' },
  { name: 'isolation-forest', version: '1.0.0' },
  { name: 'cnn-lstm', version: '1.0.0' },
  { name: 'family-classifier', version: '1.0.0' },
] as const

export const SHIPPED_MODEL: string = SHIPPED_MODELS[0].name
export const SHIPPED_MODEL_FOLDER = shippedFolder(SHIPPED_MODELS[0])

/** With a slash at the end. */
export function shippedFolder({ name, version }: { readonly name: string; readonly version: string }): string {
  return `models/${name}/${version}/`
}
