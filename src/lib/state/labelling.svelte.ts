/** Files to learn from or to be judged on, and where in them it says what each flow was. */
import type { TablePreview } from '#core/logs/mapping.ts'
import { guessBenign, guessLabel, valuesOf } from '#lib/ui/label-guess.ts'
import { fileSource } from './file-source.ts'

export interface LabelChoice {
  readonly column: string
  readonly benign: string
}

export class Labelling {
  files: readonly File[] = $state.raw([])
  /** First rows of the first file; undefined while looking, or when it is no table. */
  preview: TablePreview | undefined = $state.raw()
  /** '' when the flows have no labels. */
  column = $state('')
  benign = $state('')
  problem: string | undefined = $state()

  readonly values: readonly string[] = $derived(
    this.preview && this.column !== '' ? valuesOf(this.preview, this.column) : [],
  )
  /** Undefined without labels. */
  readonly choice: LabelChoice | undefined = $derived(
    this.column === '' ? undefined : { column: this.column, benign: this.benign.trim() },
  )
  /** Whether nothing is missing to begin. */
  readonly isReady: boolean = $derived(
    this.files.length > 0 && this.problem === undefined && (this.column === '' || this.benign.trim() !== ''),
  )

  async take(files: readonly File[]): Promise<void> {
    const [first] = files
    if (!first) return
    this.files = files
    this.preview = undefined
    this.problem = undefined
    this.column = ''
    this.benign = ''
    const [{ previewInput, openInputs }, { InputError }] = await Promise.all([
      import('#core/scan/open.ts'),
      import('#core/base/errors.ts'),
    ])
    try {
      this.preview = await previewInput(fileSource(first))
      const guess = guessLabel(this.preview)
      this.column = guess.column ?? ''
      this.benign = guess.benign ?? ''
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      // No table: a capture, which has no labels. What is neither is refused here, before anything is started.
      await openInputs(fileSource(first)).catch((refusal: unknown) => {
        this.problem = refusal instanceof Error ? refusal.message : String(refusal)
      })
    }
  }

  chooseColumn(column: string): void {
    this.column = column
    this.benign = (this.preview && column !== '' && guessBenign(valuesOf(this.preview, column))) || ''
  }
}
