/** Work that many ask for at once, and that is done once for all of them. */
export class Shared<Result> {
  readonly #running = new Map<string, { mark: number; result: Promise<Result> }>()

  /** Joins what is under way, unless it began before the mark: then its result may be outdated. */
  run(key: string, mark: number, start: () => Promise<Result>): Promise<Result> {
    const running = this.#running.get(key)
    if (running?.mark === mark) return running.result
    const result = start()
    const entry = { mark, result }
    this.#running.set(key, entry)
    const end = () => {
      if (this.#running.get(key) === entry) this.#running.delete(key)
    }
    result.then(end, end)
    return result
  }
}
