/** Sentences about a file that come up before its input exists, and go to the input's own list once it does. */
export class RemarkSink {
  #list: string[] = []
  readonly #seen = new Set<string>()

  readonly add = (sentence: string): void => {
    if (this.#seen.has(sentence)) return
    this.#seen.add(sentence)
    this.#list.push(sentence)
  }

  follow(list: string[]): void {
    list.push(...this.#list)
    this.#list = list
  }
}
