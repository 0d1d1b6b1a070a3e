import { distance } from 'fastest-levenshtein'
import { LRUCache } from 'lru-cache'
import type { Db } from '../database/database.ts'
import type { Listener } from '../database/listener.ts'
import type { Element } from '../definition/element.ts'
import { type Catalog, type ElementVersion, firstOwnId } from './catalog.ts'
import { Inventories } from './inventories.ts'
import type { Inventory, OwnElement } from './inventory-store.ts'
import { findOwnVersions } from './own-store.ts'

/** An element as an organization, or who has none, finds it in a list. */
export interface ElementHead {
  id: number
  key: string
  name: string
  hub: string
  description: string
  /** Of its definition, in characters. */
  size: number
  /** Whether it is the organization's own. */
  own: boolean
  /** Whether it can be provisioned. */
  active: boolean
  /** What new instances get. */
  version: string
  /** What an update leads to. */
  current: string
  installed: string | undefined
}

/** With the definition of the version that new instances get. */
export interface KnownElement extends ElementHead {
  element: Element
}

const maxDefinitionCharacters = 64 * 1024 * 1024
const nothing: Inventory = { own: [], installed: new Map() }

/** The catalogue's elements and organizations' own, as each organization has them. */
export class Elements {
  readonly #db: Db
  readonly #catalog: Catalog
  readonly #inventories: Inventories
  readonly #own = new LRUCache<string, Element>({ maxSize: maxDefinitionCharacters })

  constructor(db: Db, catalog: Catalog, listener: Pick<Listener, 'isCurrent'>) {
    this.#db = db
    this.#catalog = catalog
    this.#inventories = new Inventories(db, listener)
  }

  /** By key or id; without an organization, in the catalogue. Its own key wins over the catalogue's. */
  async find(
    organizationId: number | undefined,
    keyOrId: string,
  ): Promise<KnownElement | undefined> {
    const inventory = await this.#inventoryOf(organizationId)
    const own = inventory.own.find(({ id, key }) => key === keyOrId || String(id) === keyOrId)
    const known = own ? undefined : this.#catalog.find(keyOrId)
    const head = own ? headOfOwn(own, inventory) : known && headOf(known, inventory)
    if (!head) return undefined
    return { ...head, element: await this.versionOf(organizationId, head.id, head.version) }
  }

  /** In the order of their ids: the catalogue's, then own ones. */
  async list(organizationId: number | undefined): Promise<ElementHead[]> {
    const inventory = await this.#inventoryOf(organizationId)
    return [
      ...this.#catalog.elements.map((known) => headOf(known, inventory)),
      ...inventory.own.map((own) => headOfOwn(own, inventory)),
    ].sort((one, other) => one.id - other.id)
  }

  /** The definitions that belong to these. */
  async load(
    organizationId: number | undefined,
    heads: readonly ElementHead[],
  ): Promise<KnownElement[]> {
    const own = heads.filter((head) => head.own)
    if (organizationId !== undefined) await this.#readOwn(organizationId, own)
    return Promise.all(
      heads.map(async (head) => ({
        ...head,
        element: await this.versionOf(organizationId, head.id, head.version),
      })),
    )
  }

  /** At most five keys that one may have meant. */
  async nearest(organizationId: number | undefined, keyOrId: string): Promise<string[]> {
    const word = keyOrId.toLowerCase()
    const heads = await this.list(organizationId)
    const near = [...new Set(heads.map(({ key }) => key))]
      .map((key) => ({ key, far: distance(word, key) }))
      .filter(({ key, far }) => far <= key.length / 2)
      .sort((one, other) => one.far - other.far)
    return near.slice(0, 5).map(({ key }) => key)
  }

  /** The very version that an instance was provisioned with. */
  async versionOf(
    organizationId: number | undefined,
    elementId: number,
    version: string,
  ): Promise<Element> {
    if (elementId < firstOwnId) return this.#catalog.versionOf(elementId, version)
    if (organizationId === undefined) throw new Error(`element ${elementId} is an organization's`)
    const wanted = { id: elementId, version }
    const cached = this.#own.get(nameOf(organizationId, wanted))
    const [found] = cached ? [cached] : await this.#readOwn(organizationId, [wanted])
    if (!found) throw new Error(`element ${elementId} has no version ${version}`)
    return found
  }

  /** Whether the catalogue has an element of this key. */
  isCatalogued(key: string): boolean {
    return this.#catalog.find(key) !== undefined
  }

  /** To be called when an organization's inventory has changed, here or elsewhere. */
  forget(organizationId?: number) {
    this.#inventories.forget(organizationId)
  }

  async #inventoryOf(organizationId: number | undefined): Promise<Inventory> {
    return organizationId === undefined ? nothing : this.#inventories.find(organizationId)
  }

  /** Those that are not known yet, in one query. */
  async #readOwn(
    organizationId: number,
    wanted: readonly { id: number; version: string }[],
  ): Promise<Element[]> {
    const unknown = wanted.filter((one) => !this.#own.has(nameOf(organizationId, one)))
    if (unknown.length === 0) return []
    const rows = await findOwnVersions(this.#db, organizationId, unknown)
    return rows.map(({ id, version, definition, size }) => {
      // It was checked when it was written, by the rules of its time.
      const element = definition as unknown as Element
      this.#own.set(nameOf(organizationId, { id, version }), element, { size })
      return element
    })
  }
}

function headOf({ element, size, version: current }: ElementVersion, { installed }: Inventory) {
  const { id, key, name, hub, description } = element
  const uses = installed.get(id)
  const versions = { version: uses ?? current, current, installed: uses }
  return { id, key, name, hub, description, size, own: false, active: true, ...versions }
}

/** New instances get what its author wrote last; those that there are wait for the update. */
function headOfOwn(own: OwnElement, { installed }: Inventory): ElementHead {
  return { ...own, own: true, current: own.version, installed: installed.get(own.id) }
}

function nameOf(organizationId: number, { id, version }: { id: number; version: string }): string {
  return `${organizationId}.${id}.${version}`
}
