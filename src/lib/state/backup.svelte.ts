/** One file out, one file in: what Settings does with backups. */
import type { BackupPreview, RestoreMode } from '#db/backup.ts'
import { formatBytes, plural } from '#lib/ui/format.ts'
import { saveFile } from './save-file.ts'
import { say, sayProblem } from './undo.ts'

export class BackupDesk {
  busy: 'making' | 'reading' | 'restoring' | undefined = $state()
  file: File | undefined = $state.raw()
  preview: BackupPreview | undefined = $state.raw()
  problem: string | undefined = $state()

  async make(): Promise<void> {
    await this.#during('making', async () => {
      const { createBackup } = await import('#db/backup.ts')
      const { blob, name } = await createBackup()
      saveFile(name, blob, blob.type)
      say(`${name}, ${formatBytes(blob.size)}, is in your downloads.`)
    })
  }

  async look(file: File): Promise<void> {
    this.leave()
    await this.#during('reading', async () => {
      const { previewBackup } = await import('#db/backup.ts')
      this.preview = await previewBackup(file)
      this.file = file
    })
  }

  async restore(mode: RestoreMode): Promise<void> {
    const { file } = this
    if (!file) return
    await this.#during('restoring', async () => {
      const { restoreBackup } = await import('#db/backup.ts')
      const { scans } = await restoreBackup(file, mode)
      this.leave()
      say(`${plural(scans.length, 'scan')} restored.`)
    })
  }

  leave(): void {
    this.file = undefined
    this.preview = undefined
    this.problem = undefined
  }

  async #during(what: 'making' | 'reading' | 'restoring', work: () => Promise<void>): Promise<void> {
    this.busy = what
    this.problem = undefined
    try {
      await work()
    } catch (error) {
      if (what === 'making') sayProblem('The backup was not made', error)
      else this.problem = error instanceof Error ? error.message : String(error)
    } finally {
      this.busy = undefined
    }
  }
}
