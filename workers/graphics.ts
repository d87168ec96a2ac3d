/** Whether this machine has a graphics processor that could compute: asked before megabytes are loaded for it. */

/** Rejects with the reason why WebGPU cannot be used. */
export async function requireGraphics(): Promise<void> {
  if (!(await findAdapter())) throw new Error('this browser has WebGPU, but no graphics processor for it')
}

/** True for a real one alone: drawing in software is slower than the kernels. */
export async function hasGraphics(): Promise<boolean> {
  try {
    const adapter = await findAdapter()
    const info: unknown = adapter instanceof Object ? Reflect.get(adapter, 'info') : undefined
    return adapter instanceof Object && !(info instanceof Object && Reflect.get(info, 'isFallbackAdapter') === true)
  } catch {
    return false
  }
}

const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i

/** The same of WebGL. */
export function hasWebGl(): boolean {
  const context = new OffscreenCanvas(1, 1).getContext('webgl2')
  if (!context) return false
  const names = context.getExtension('WEBGL_debug_renderer_info')
  const renderer = String(context.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : context.RENDERER))
  context.getExtension('WEBGL_lose_context')?.loseContext()
  return !SOFTWARE.test(renderer)
}

async function findAdapter(): Promise<unknown> {
  const gpu: unknown = Reflect.get(navigator, 'gpu')
  const request: unknown = gpu instanceof Object ? Reflect.get(gpu, 'requestAdapter') : undefined
  if (typeof request !== 'function') throw new Error('this browser has no WebGPU')
  return request.call(gpu)
}
