import PQueue from 'p-queue'
import type { Context } from '../context.ts'
import { readStored } from '../instances/connection.ts'
import { showSettings } from '../instances/settings.ts'
import { findLimited } from '../limits/limited-by.ts'

type Needs = Pick<Context, 'db' | 'elements' | 'limiter' | 'log'>

/** Has the calls that wait in this process go on by what limits their instance since it changed. */
export class NewLimits {
  readonly #context: Needs
  /** Of two changes the later one is read later. */
  readonly #changes = new PQueue({ concurrency: 1 })
  /** Instances of which nothing has been read since they changed: one reading will do for all. */
  readonly #unread = new Set<string>()

  constructor(context: Needs) {
    this.#context = context
  }

  /** @param name `<organization>/<instance>`, an organization, or nothing: any may have changed */
  apply(name: string | undefined) {
    const { limiter, log } = this.#context
    for (const key of this.#concerned(name)) {
      if (limiter.waitingOf(key.organizationId, key.id) === 0) continue
      const instance = `${key.organizationId}/${key.id}`
      if (this.#unread.has(instance)) continue
      this.#unread.add(instance)
      this.#changes
        .add(() => {
          this.#unread.delete(instance)
          return this.#move(key)
        })
        .catch((err) => log.warn({ err, instanceId: key.id }, 'new limits could not be read'))
    }
  }

  #concerned(name: string | undefined): { organizationId: number; id: number }[] {
    const [organizationId, id] = (name ?? '').split('/').map(Number)
    if (organizationId && id) return [{ organizationId, id }]
    return this.#context.limiter.waitingInstances(organizationId || undefined)
  }

  async #move(key: { organizationId: number; id: number }) {
    const { elements, limiter } = this.#context
    const row = await readStored(this.#context, key)
    if (!row) return
    const element = await elements.versionOf(key.organizationId, row.elementId, row.elementVersion)
    const settings = showSettings(element, row.settings)
    const limits = { ...settings, concurrency: element.settings?.concurrency }
    await limiter.move(key.organizationId, key.id, await findLimited(this.#context, row, limits))
  }
}
