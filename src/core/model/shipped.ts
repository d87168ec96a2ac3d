/** The model that comes with the app: its name, and its folder relative to the site's root, with a slash at the end. */
export const SHIPPED_MODEL = 'flow-autoencoder'
export const SHIPPED_MODEL_FOLDER = `models/${SHIPPED_MODEL}/1.0.0/`
