import { hash, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { readConnectionCaller } from '../access/connection-caller.ts'
import type { Principal } from '../access/store.ts'
import type { TokenUses } from '../access/token-uses.ts'
import type { Listener } from '../database/listener.ts'
import type { Needs as OpeningNeeds } from '../tokens/renew.ts'
import type { Callable, Opened } from './callable.ts'
import { Changes } from './changes.ts'
import { inTime, isAway } from './in-time.ts'
import { type OpenedForLong, openForCalls } from './open.ts'
import { Shared } from './shared.ts'

/** The channel that the database notifies of changes to instances, and to what they are opened with. */
export const instancesChannel = 'latchkey_instances'

const maxEntries = 10_000
/** Secrets of instances that nobody calls leave the memory after that. */
const idleMs = 15 * 60_000
const noteMs = 60_000
const retryMs = 1_000

type Needs = OpeningNeeds & {
  tokenUses: Pick<TokenUses, 'note'>
}

/** Emptied when the instance is forgotten, so that nothing keeps its secrets. */
interface Slot {
  opened: OpenedForLong | undefined
}

interface Caller {
  principal: Principal
  name: string
  /** The one that was there when the caller was found. */
  slot: Slot
  tokenHash: Buffer
  /** By `performance.now()`. */
  endsAt: number
  notedAt: number
}

/**
 * Instances opened for calls, and who may call through them. What is remembered is used only while
 * the listener's lease lasts, and forgotten when the database tells of a change; a refusal is never
 * remembered.
 */
export class Connections implements Disposable {
  readonly #context: Needs
  readonly #listener: Pick<Listener, 'isInLease'>
  readonly #key = randomBytes(32).toString('latin1')
  readonly #callers = new LRUCache<string, Caller>({ max: maxEntries })
  readonly #instances = new LRUCache<string, Slot>({
    max: maxEntries,
    ttl: idleMs,
    updateAgeOnGet: true,
    dispose: (slot) => {
      slot.opened = undefined
    },
  })
  readonly #changes = new Changes()
  readonly #finding = new Shared<Callable>()
  readonly #opening = new Shared<{ opened: Opened; slot: Slot | undefined }>()
  readonly #sweep = setInterval(() => this.#instances.purgeStale(), idleMs / 15).unref()

  constructor(context: Needs, listener: Pick<Listener, 'isInLease'>) {
    this.#context = context
    this.#listener = listener
  }

  /**
   * The instance that the header names, ready for calls; no promise where it is known.
   * @throws {Refusal} 401 where the header is the matter, `instance-disabled`, `instance-draft`, and
   *   what keeps it from being opened
   */
  of(authorization: string | undefined): Callable | Promise<Callable> {
    const key = this.#keyOf(authorization ?? '')
    const caller = this.#listener.isInLease() ? this.#callers.get(key) : undefined
    const now = performance.now()
    if (!caller || caller.endsAt <= now || this.#instances.get(caller.name) !== caller.slot) {
      return this.#finding.run(key, this.#changes.mark(), () => this.#find(key, authorization))
    }
    if (now - caller.notedAt > noteMs) {
      caller.notedAt = now
      this.#context.tokenUses.note(caller.principal.organizationId, caller.tokenHash)
    }
    const { opened } = caller.slot
    const { principal } = caller
    if (opened && opened.dueAt > now) return { ...opened, principal }
    return this.#again(caller)
  }

  /**
   * The same after the vendor has refused its tokens: with newer ones, where any are to be had.
   * @param deadline by `performance.now()`
   * @throws {Refusal} as `of` does
   */
  async renewed<One extends Opened>(callable: One, deadline?: number): Promise<One> {
    const seen = callable.connection.tokens?.version
    const known = this.#instances.get(nameOf(callable))?.opened
    const isNewer = known && known.connection.tokens?.version !== seen
    if (isNewer && this.#listener.isInLease()) return { ...callable, ...known }
    const { opened } = await this.#open(callable, seen, deadline)
    return { ...callable, ...opened }
  }

  /** To be called when an instance has changed, or all of an organization's, or any. */
  forget(name?: string) {
    this.#changes.note(name)
    if (!name) {
      this.#instances.clear()
      this.#callers.clear()
    } else if (name.includes('/')) this.#instances.delete(name)
    else this.#forgetOrganization(`${name}/`)
  }

  /** To be called when somebody may have become another, or nobody. */
  forgetCallers() {
    this.#changes.note()
    this.#callers.clear()
  }

  [Symbol.dispose]() {
    clearInterval(this.#sweep)
    this.forget()
  }

  #forgetOrganization(prefix: string) {
    for (const name of this.#instances.keys()) {
      if (name.startsWith(prefix)) this.#instances.delete(name)
    }
  }

  async #find(key: string, authorization: string | undefined): Promise<Callable> {
    const mark = this.#changes.mark()
    const isInLease = this.#listener.isInLease()
    const now = performance.now()
    const found = await inTime(readConnectionCaller(this.#context, authorization))
    const { principal, instanceId, hash: tokenHash, unnoted, endsInMs } = found
    const { organizationId } = principal
    if (unnoted) this.#context.tokenUses.note(organizationId, tokenHash)
    const instance = { organizationId, instanceId }
    const name = nameOf(instance)
    const known = isInLease ? this.#instances.get(name) : undefined
    const { opened, slot } =
      known?.opened && known.opened.dueAt > now
        ? { opened: known.opened, slot: known }
        : await this.#open(instance)
    if (slot && isInLease && !this.#changes.hasChanged(mark, organizationId, instanceId)) {
      const endsAt = now + endsInMs
      this.#callers.set(key, { principal, name, slot, tokenHash, endsAt, notedAt: now })
    }
    return { ...opened, principal }
  }

  /** Its tokens are about to end, or have ended; without a database the old ones serve to their end. */
  async #again({ principal, slot }: Caller): Promise<Callable> {
    const old = slot.opened
    if (!old) throw new Error('a forgotten instance is found anew')
    try {
      const { opened } = await this.#open(old)
      return { ...opened, principal }
    } catch (error) {
      const now = performance.now()
      if (!isAway(error) || old.endsAt <= now || !this.#listener.isInLease()) throw error
      old.dueAt = now + retryMs
      return { ...old, principal }
    }
  }

  #open(
    instance: { organizationId: number; instanceId: number },
    seen?: number,
    deadline?: number,
  ): Promise<{ opened: Opened; slot: Slot | undefined }> {
    const { organizationId, instanceId } = instance
    const name = nameOf(instance)
    const mark = this.#changes.mark()
    return this.#opening.run(`${name} ${seen ?? ''}`, mark, async () => {
      const isInLease = this.#listener.isInLease()
      const key = { organizationId, instanceId }
      const opened = await openForCalls(this.#context, key, seen, deadline)
      if (!isInLease || this.#changes.hasChanged(mark, organizationId, instanceId)) {
        return { opened, slot: undefined }
      }
      const known = this.#instances.get(name)
      if (known) known.opened = opened
      else this.#instances.set(name, { opened })
      return { opened, slot: this.#instances.get(name) }
    })
  }

  /** Of secrets nothing is kept that would open anything, or could be looked for elsewhere. */
  #keyOf(authorization: string): string {
    return hash('sha256', this.#key + authorization, 'base64')
  }
}

function nameOf(key: { organizationId: number; instanceId: number }): string {
  const { organizationId, instanceId } = key
  return `${organizationId}/${instanceId}`
}
