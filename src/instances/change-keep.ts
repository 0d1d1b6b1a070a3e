import type { Context } from '../context.ts'
import { isReferenced, isTaken, mayBeStored } from '../database/failure.ts'
import type { Element } from '../definition/element.ts'
import type { NewConnection } from './change-connection.ts'
import type { ChangeRequest } from './change-request.ts'
import {
  type Changed,
  type ChangedConnection,
  renewVerification,
  type StoredChange,
  storeChange,
} from './change-store.ts'
import type { ChangedTexts } from './change-texts.ts'
import type { StoredRow } from './connection-store.ts'
import { deedOf, type Shown, showStored } from './own.ts'
import { unknownOutcome } from './provision.ts'

/**
 * Stores a change that was proved, or notes only that it was where it changes nothing.
 * @returns undefined where somebody else changed the instance, or what it names, meanwhile
 */
export async function keepChange(
  context: Context,
  request: ChangeRequest,
  row: StoredRow,
  element: Element,
  texts: ChangedTexts,
  anew: NewConnection | undefined,
): Promise<Shown | undefined> {
  const connection = await anew?.seal(row)
  const change = combine(row, texts, anew, connection)
  if (!isAny(change, row)) {
    if (!change.proved) return showStored(context, row, element)
    const renewed = await renewVerification(context.db, row)
    return renewed && showStored(context, row, element, { ...row, ...renewed })
  }
  try {
    const changed = await storeChange(context.db, change, deedOf(request))
    return changed && (await showChanged(context, row, element, change, changed))
  } catch (error) {
    if (mayBeStored(error)) throw unknownOutcome()
    // Read again, and what is gone is refused by its name.
    if (isReferenced(error) || isTaken(error)) return undefined
    throw error
  }
}

function combine(
  row: StoredRow,
  texts: ChangedTexts,
  anew: NewConnection | undefined,
  connection: ChangedConnection | undefined,
): StoredChange {
  const { secrets: _, user: __, ...record } = row
  const entries = anew?.entries ?? []
  const configuration = entries.length > 0 ? ['configuration'] : []
  const members = [...texts.members, ...configuration, ...(anew?.members ?? [])]
  const proved = anew?.proved ?? false
  const isVerification = row.state === 'draft' && proved && members.length === 0
  return {
    record: { ...record, ...texts.record, ...anew?.record },
    revision: row.revision,
    proved,
    connection,
    action: isVerification ? 'instance.verified' : 'instance.updated',
    detail: { members, entries },
  }
}

/** Whether anything is to be stored besides that the vendor was asked. */
function isAny({ detail, connection, record }: StoredChange, row: StoredRow): boolean {
  const { added = [], removed = [] } = connection ?? {}
  const isMoved = row.state === 'draft' && record.state !== 'draft'
  return detail.members.length + added.length + removed.length > 0 || isMoved
}

function showChanged(
  context: Context,
  row: StoredRow,
  element: Element,
  { record, connection }: StoredChange,
  changed: Changed,
): Promise<Shown> {
  const { removed = [], added = [] } = connection ?? {}
  const gone = new Set(removed.map(({ entry }) => entry))
  const secrets = [...row.secrets.filter(({ entry }) => !gone.has(entry)), ...added]
  const shown = { ...record, ...changed, disabled: row.disabled, user: row.user }
  const entries = secrets.map(({ entry }) => entry)
  return showStored(context, row, element, shown, entries)
}
