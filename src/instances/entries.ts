import { hash } from 'node:crypto'
import type { Context } from '../context.ts'
import { showConfiguration } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { universalEntry } from '../definition/universal.ts'
import { showEntries } from '../elements/answer.ts'
import { Refusal } from '../http/errors.ts'
import { changeInstance } from './change.ts'
import type { InstanceRequest } from './change-request.ts'
import type { StoredRow } from './connection-store.ts'
import type { InstanceEntry, InstanceEntryChange } from './entries-schema.ts'
import { findOwn } from './own.ts'

type Needs = Pick<Context, 'db' | 'vault' | 'elements'>

/** What a request about an instance's configuration is answered, with the instance's revision. */
interface Entries {
  entries: InstanceEntry[]
  revision: number
}

/** @throws {Refusal} `instance-not-found` */
export async function listEntries(context: Needs, request: InstanceRequest): Promise<Entries> {
  const { row, element } = await findOwn(context, { ...request, ifMatch: undefined })
  return { entries: showAll(row, element), revision: row.revision }
}

/** @throws {Refusal} `instance-not-found`, `instance-entry-not-found` */
export async function getEntry(
  context: Needs,
  request: InstanceRequest,
  id: number,
): Promise<{ entry: InstanceEntry; revision: number }> {
  const { entries, revision } = await listEntries(context, request)
  const entry = entries.find((one) => one.id === id)
  if (entry) return { entry, revision }
  throw new Refusal('instance-entry-not-found', {
    message: `The instance has no configuration entry ${id}. See GET /instances/${request.id}/configuration.`,
  })
}

/**
 * Changes one entry as `PATCH /instances/{id}` does: what goes to the vendor is proved before it is
 * stored.
 * @throws {Refusal} as that does, and `instance-entry-not-found`
 */
export async function changeEntry(
  context: Context,
  request: InstanceRequest,
  id: number,
  { propertyValue }: InstanceEntryChange,
): Promise<{ entry: InstanceEntry; revision: number }> {
  const { entry } = await getEntry(context, request, id)
  const body = { configuration: { [entry.key]: propertyValue } }
  await changeInstance(context, { ...request, body, manner: 'merge', reAuthenticate: true })
  return getEntry(context, request, id)
}

/** All that `configuration` of the instance answers, in the order of forms. */
function showAll(row: StoredRow, element: Element): InstanceEntry[] {
  const secrets = row.secrets.map(({ entry }) => entry).filter((key) => !key.startsWith('$'))
  const values = showConfiguration(element, row.configuration, secrets)
  const own = new Set(element.entries.map(({ key }) => key))
  const others = Object.keys(values)
    .filter((key) => !own.has(key))
    .flatMap((key) => universalEntry(key) ?? [])
  return showEntries({ ...element, entries: [...element.entries, ...others] })
    .filter(({ key }) => Object.hasOwn(values, key))
    .map(({ kind: _, advanced: __, aliases, help, placeholder, authentications, ...entry }) => ({
      ...entry,
      id: entryId(entry.key),
      propertyValue: values[entry.key] === null ? null : String(values[entry.key]),
    }))
}

/** By its key alone: the element may be updated between two requests, and its entries move. */
function entryId(key: string): number {
  return Buffer.from(hash('sha256', key, 'buffer')).readUIntBE(0, 6)
}
