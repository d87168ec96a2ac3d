/** One question to a worker of its own, which is ended with the answer. */
import { type Remote, wrap } from 'comlink'
import { policyHolds } from './service-worker.ts'

/** `what` stopped when the worker dies: "The check". A stop by `signal` rejects with its reason. */
export async function askWorker<Api, T>(
  { start, what, signal }: { start: () => Worker; what: string; signal?: AbortSignal },
  question: (remote: Remote<Api>) => Promise<T>,
): Promise<T> {
  await policyHolds()
  signal?.throwIfAborted()
  const worker = start()
  const broken = Promise.withResolvers<never>()
  worker.onerror = ({ message }) =>
    broken.reject(new Error(`${what} stopped (${message || 'its worker could not be loaded'}).`))
  signal?.addEventListener('abort', () => broken.reject(signal.reason), { once: true })
  try {
    return await Promise.race([question(wrap<Api>(worker)), broken.promise])
  } finally {
    worker.terminate()
  }
}
