import type { Db } from '../database/database.ts'
import { noteTokenUses } from './instance-token-store.ts'

const gatherMs = 1_000
/** Of those that wait to be written; what is beyond is written after its next use. */
const maxWaiting = 10_000

/** Notes when tokens were last used, a little later and many at once, so that no request waits. */
export class TokenUses implements AsyncDisposable {
  readonly #db: Pick<Db, 'pool'>
  readonly #onError: (error: Error) => void
  #waiting = new Map<string, { organizationId: number; hash: Buffer }>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(db: Pick<Db, 'pool'>, onError: (error: Error) => void) {
    this.#db = db
    this.#onError = onError
  }

  note(organizationId: number, hash: Buffer) {
    if (this.#waiting.size >= maxWaiting) return
    this.#waiting.set(`${organizationId}/${hash.toString('base64')}`, { organizationId, hash })
    this.#timer ??= setTimeout(() => void this.flush(), gatherMs).unref()
  }

  /** Writes what waits. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const noted = Map.groupBy(this.#waiting.values(), ({ organizationId }) => organizationId)
    this.#waiting = new Map()
    this.#writing = this.#writing.then(async () => {
      for (const [organizationId, uses] of noted) {
        const hashes = uses.map(({ hash }) => hash)
        await noteTokenUses(this.#db, organizationId, hashes).catch(this.#onError)
      }
    })
    return this.#writing
  }

  async [Symbol.asyncDispose]() {
    await this.flush()
  }
}
