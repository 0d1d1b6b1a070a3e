/** Of a long body, handed over in one go. */
export const piece = 64 * 1024

/**
 * Lets long bodies go on one after another, one piece of one of them in each turn of the event loop:
 * whoever has little to send waits for no more than that, however many bodies are under way and
 * however fast they come.
 */
export class Turns {
  readonly #waiting: (() => boolean)[] = []
  #isDue = false

  /** @param goOn called when its turn has come; tells whether there was anything to go on with */
  wait(goOn: () => boolean): void {
    this.#waiting.push(goOn)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isDue || this.#waiting.length === 0) return
    this.#isDue = true
    setImmediate(this.#next)
  }

  readonly #next = (): void => {
    this.#isDue = false
    while (this.#waiting.length > 0) {
      const goOn = this.#waiting.shift()!
      if (goOn()) break
    }
    this.#schedule()
  }
}
