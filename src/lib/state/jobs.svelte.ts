/** Files on their way through the scanner: one at a time, the rest wait. What is found goes to the database, not through here. */

import type { ColumnMapping } from '#core/logs/columns.ts'
import { readSettings } from '#db/settings.ts'
import type { Scanner } from '#lib/remote/scan.ts'
import { resolve } from '$app/paths'
import { isAt, open } from './address.ts'

export interface Job {
  readonly id: number
  readonly name: string
  readonly sizeBytes: number | undefined
  readonly source: File | { readonly demo: true }
  /** For a table whose columns the person named. */
  readonly mapping: ColumnMapping | undefined
  state: 'waiting' | 'running' | 'ended'
  scanId: string | undefined
  stopping: boolean
  /** Why it could not even begin; a scan that began keeps its own sentence in the database. */
  problem: string | undefined
}

class Jobs {
  list: Job[] = $state([])
  /** Scans that ended since a person last gave files. */
  finished: { readonly name: string; readonly scanId: string }[] = $state.raw([])
  #next = 1
  readonly #files = new Map<string, File>()
  #stop: (() => void) | undefined
  #scanner: Promise<Scanner> | undefined

  get waiting(): Job[] {
    return this.list.filter((job) => job.state === 'waiting')
  }

  get running(): Job | undefined {
    return this.list.find((job) => job.state === 'running')
  }

  get problems(): Job[] {
    return this.list.filter((job) => job.problem !== undefined)
  }

  addFiles(files: readonly File[], mapping?: ColumnMapping): void {
    if (files.length > 0) this.#show()
    for (const file of files) this.#add({ name: file.name, sizeBytes: file.size, source: file, mapping })
    void this.#run()
  }

  addDemo(): void {
    this.#show()
    this.#add({ name: 'Demo home', sizeBytes: undefined, source: { demo: true }, mapping: undefined })
    void this.#run()
  }

  /** Loads the worker and the model ahead of the first file: call when a person is about to choose one. */
  warmUp(): void {
    // A failure is told by the scan that needs it.
    void this.#take()
      .then((scanner) => scanner.warmUp())
      .catch(() => undefined)
  }

  /** What was found so far stays. */
  stop(job: Job): void {
    if (job.state === 'waiting') this.dismiss(job)
    else if (job.state === 'running') {
      job.stopping = true
      this.#stop?.()
    }
  }

  dismiss(job: Job): void {
    this.list = this.list.filter((other) => other.id !== job.id)
  }

  /** The file of a scan made since this tab opened it, to read it again in another way. */
  fileOf(scanId: string): File | undefined {
    return this.#files.get(scanId)
  }

  /** A first file shows its page; those that follow in a row leave the reader where they are. */
  #show(): void {
    if (this.running) return
    this.finished = []
    void open('scan')
  }

  #add(job: Pick<Job, 'name' | 'sizeBytes' | 'source' | 'mapping'>): void {
    this.list.push({
      ...job,
      id: this.#next++,
      state: 'waiting',
      scanId: undefined,
      stopping: false,
      problem: undefined,
    })
  }

  #end(job: Job): void {
    this.dismiss(job)
    if (job.scanId !== undefined) this.finished = [...this.finished, { name: job.name, scanId: job.scanId }]
  }

  #take(): Promise<Scanner> {
    this.#scanner ??= import('#lib/remote/scan.ts').then(
      ({ Scanner }) => new Scanner(new URL(resolve('/'), location.href).href),
    )
    return this.#scanner
  }

  async #run(): Promise<void> {
    if (this.running) return
    const job = this.list.find((candidate) => candidate.state === 'waiting')
    if (!job) return
    job.state = 'running'
    try {
      const [scanner, { threshold }] = await Promise.all([this.#take(), readSettings()])
      // A plain copy: what crosses to the worker must not be a rune's proxy.
      const mapping = $state.snapshot(job.mapping)
      const scan = scanner.start({
        file: job.source,
        threshold,
        ...(mapping ? { mapping } : undefined),
      })
      this.#stop = () => scan.stop()
      const showing = scan.scanId.then((id) => {
        job.scanId = id
        if (job.source instanceof File) this.#files.set(id, job.source)
        return this.finished.length === 0 && isAt('scan') ? open('scan', { id }, 'replace') : undefined
      })
      await Promise.all([showing, scan.done])
      this.#end(job)
    } catch (error) {
      job.state = 'ended'
      // A scan that began tells its own story on its page.
      if (job.scanId === undefined) job.problem = error instanceof Error ? error.message : String(error)
      else this.#end(job)
    } finally {
      this.#stop = undefined
    }
    await this.#run()
  }
}

export const jobs = new Jobs()
