import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { LRUCache } from 'lru-cache'
import type { Db } from '../database/database.ts'
import { DefinitionError, type Element, parseElement } from '../definition/element.ts'
import { findVersion, insertVersions } from './store.ts'

const folder = new URL('./definitions/', import.meta.url)

/** From here on, ids are those of organizations' own elements. */
export const firstOwnId = 10_000

/** A definition together with the hash by which its version is known. */
export interface ElementVersion {
  version: string
  /** Of the definition, in characters. */
  size: number
  element: Element
}

/** The definitions that this release brings, and whatever version an instance still points at. */
export class Catalog {
  readonly elements: readonly ElementVersion[]
  readonly #db: Db
  readonly #byKey: Map<string, ElementVersion>
  readonly #older = new LRUCache<string, Element>({ max: 500 })

  private constructor(db: Db, elements: ElementVersion[]) {
    this.#db = db
    this.elements = elements
    this.#byKey = new Map(
      elements.flatMap((known) => [
        [known.element.key, known],
        [String(known.element.id), known],
      ]),
    )
  }

  /** Reads and checks the files, and writes their versions into the database. */
  static async open(db: Db, more: readonly unknown[] = []): Promise<Catalog> {
    const elements = [
      ...(await readDefinitions()),
      ...more.map((given) => versioned(given, 'given')),
    ]
    await insertVersions(
      db,
      elements.map(({ element, version }) => ({
        elementId: element.id,
        version,
        key: element.key,
        definition: JSON.stringify(element),
      })),
    )
    return new Catalog(db, elements)
  }

  find(keyOrId: string): ElementVersion | undefined {
    return this.#byKey.get(keyOrId)
  }

  /** The very version that an instance was provisioned with. */
  async versionOf(elementId: number, version: string): Promise<Element> {
    const current = this.#byKey.get(String(elementId))
    if (current?.version === version) return current.element
    const cached = this.#older.get(`${elementId}.${version}`)
    if (cached) return cached
    const row = await findVersion(this.#db, { elementId, version })
    if (!row) throw new Error(`element ${elementId} has no version ${version}`)
    // It was checked when it was written, by the rules of its time.
    const element = row.definition as unknown as Element
    this.#older.set(`${elementId}.${version}`, element)
    return element
  }
}

async function readDefinitions(): Promise<ElementVersion[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort()
  return Promise.all(
    files.map(async (file) => {
      const text = await readFile(new URL(file, folder), 'utf8')
      return versioned(JSON.parse(text), file)
    }),
  )
}

function versioned(definition: unknown, source: string): ElementVersion {
  const element = parseElement(definition, source)
  if (element.id >= firstOwnId) {
    throw new DefinitionError(source, [{ at: '/id', reason: 'must be below 10,000' }])
  }
  return { version: versionName(element), size: sizeOf(element), element }
}

/** Of a definition, in characters. */
export function sizeOf(element: Element): number {
  return JSON.stringify(element).length
}

/** The hash of its content. */
export function versionName(element: Element): string {
  return createHash('sha256').update(JSON.stringify(element)).digest('hex').slice(0, 32)
}
