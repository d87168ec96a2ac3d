/** A table whose columns nobody knows: shows its first rows, takes the names from the person, scans again. */
import type { ColumnMapping, Role } from '#core/logs/columns.ts'
import type { TablePreview } from '#core/logs/mapping.ts'
import { fileSource } from './file-source.ts'
import { jobs } from './jobs.svelte.ts'

export class ColumnNaming {
  preview: TablePreview | undefined = $state.raw()
  mapping: ColumnMapping = $state.raw({})

  /** Leaves `preview` undefined when the file is no table: then there is nothing to name. */
  async look(file: File): Promise<void> {
    const [{ previewInput }, { InputError }] = await Promise.all([
      import('#core/scan/open.ts'),
      import('#core/base/errors.ts'),
    ])
    try {
      const preview = await previewInput(fileSource(file))
      this.preview = preview
      this.mapping = preview.proposal
    } catch (error) {
      if (!(error instanceof InputError)) throw error
    }
  }

  choose(role: Role, column: string): void {
    const { [role]: _, ...rest } = this.mapping
    this.mapping = column === '' ? rest : { ...rest, [role]: column }
  }

  scanAgain(file: File): void {
    jobs.addFiles([file], this.mapping)
  }
}
