import type { Authentication } from '../authentication/authentication.ts'
import { isComputed } from '../definition/computed.ts'
import type { Element } from '../definition/element.ts'
import { placeholdersIn } from '../exchange/template.ts'
import { tokenEntry } from '../vault/token.ts'
import { sortStored } from './connection.ts'
import type { StoredRow } from './connection-store.ts'
import type { GivenCredentials } from './credentials.ts'
import { tokensEntry } from './tokens.ts'

/** The entries whose values are not what they were; a secret that was sent again counts as another. */
export function findDifferences(
  element: Element,
  row: StoredRow,
  { configuration, certificates, opened }: GivenCredentials,
  closed: ReadonlySet<string>,
): string[] {
  const { given: before } = sortStored(element, row.configuration)
  const { given: after } = sortStored(element, configuration.plain)
  const plain = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => before[key] !== after[key],
  )
  const kept = opened?.secrets ?? new Map()
  const secrets = new Map([...configuration.secrets, ...certificates.files])
  const fresh = [...secrets].filter(([key, secret]) => kept.get(key) !== secret)
  const computed = new Set(element.entries.filter(isComputed).map(({ key }) => key))
  const gone = row.secrets.filter(
    ({ entry }) =>
      !secrets.has(entry) &&
      !closed.has(entry) &&
      !computed.has(entry) &&
      entry !== tokenEntry &&
      entry !== tokensEntry,
  )
  return [
    ...new Set([...plain, ...fresh.map(([key]) => key), ...gone.map(({ entry }) => entry)]),
  ].sort()
}

const unmentioned = { callbackUrl: undefined, headers: undefined, query: undefined }

/** The entries that a login is made of, directly or derived. */
export function entriesOf({ entries }: Element, authentication: Authentication): Set<string> {
  // Where a consent comes back to, and what requests carry besides the token, is no part of it.
  const {
    callbackUrl: _,
    headers: __,
    query: ___,
    ...login
  } = { ...unmentioned, ...authentication }
  const named = new Set(placeholdersIn(login))
  if (authentication.certificate !== undefined) named.add(authentication.certificate)
  // What is derived stands behind what it is derived of.
  for (const { key, derived } of entries.toReversed()) {
    if (!named.has(key) || derived === undefined) continue
    for (const source of placeholdersIn(derived)) named.add(source)
  }
  return named
}
