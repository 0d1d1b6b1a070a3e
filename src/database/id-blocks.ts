import { type Db, prepared } from './database.ts'

const blockSize = 64
const statement = {
  name: 'draw-ids',
  text: 'select nextval($1::regclass) as id from generate_series(1, $2)',
}

/** Hands out a sequence's numbers, drawn many at a time; those of a killed process are lost. */
export class IdBlocks {
  readonly #db: Db
  readonly #sequence: string
  #ids: number[] = []
  #drawing: Promise<void> | undefined

  constructor(db: Db, sequence: string) {
    this.#db = db
    this.#sequence = sequence
  }

  async next(): Promise<number> {
    for (;;) {
      const id = this.#ids.shift()
      if (id !== undefined) return id
      this.#drawing ??= this.#draw().finally(() => {
        this.#drawing = undefined
      })
      await this.#drawing
    }
  }

  async #draw() {
    const rows = await prepared<{ id: number }>(this.#db.pool, statement, [
      this.#sequence,
      blockSize,
    ])
    this.#ids.push(...rows.map((row) => row.id))
  }
}
