import { type Authentication, keyOf } from '../authentication/authentication.ts'
import { isSecretOfSession } from '../authentication/session.ts'
import type { Context } from '../context.ts'
import { isComputed } from '../definition/computed.ts'
import { checkConfiguration, isFor, type Scalar } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import type { Values } from '../exchange/request.ts'
import { type AppliedApp, openApp } from '../oauth/app.ts'
import { type Credentials, originsOf } from '../probe/request.ts'
import { storedCertificate } from './certificates.ts'
import {
  findStored,
  type StoredRecord,
  type StoredRow,
  type StoredSecret,
} from './connection-store.ts'
import { instanceNotFound } from './find.ts'
import { openKept } from './kept.ts'
import { grantFor } from './request.ts'
import type { InstanceRecord } from './store.ts'
import { sessionOf, type Tokens, tokensEntry } from './tokens.ts'

/** A stored instance, ready to be used at its vendor. */
export interface StoredConnection {
  record: StoredRecord
  element: Element
  credentials: Credentials
  /** What its last login at a token endpoint yielded; `version` is that of the secret. */
  tokens?: ({ version: number } & Tokens) | undefined
  /** All of them, those that stay closed too. */
  secrets: StoredSecret[]
}

type Needs = Pick<Context, 'db' | 'vault' | 'elements'>

/**
 * Opens what is stored of an instance, whoever owns it: its secrets for nowhere but the origins that
 * its element and configuration lead to now.
 * @throws {Refusal} `instance-not-found`, and `secrets-required` where one was not given for them all
 */
export async function openInstance(
  context: Needs,
  key: { organizationId: number; id: number },
): Promise<StoredConnection> {
  const row = await findStored(context.db, key)
  if (!row) throw instanceNotFound(key.id)
  return openRow(context, row)
}

/** What is stored of an instance, whoever owns it; undefined where there is none. */
export function readStored(
  { db }: Pick<Context, 'db'>,
  key: { organizationId: number; id: number },
): Promise<StoredRow | undefined> {
  return findStored(db, key)
}

/** As `openInstance`, for one that was read already. */
export async function openRow(context: Needs, row: StoredRow): Promise<StoredConnection> {
  const { secrets, ...record } = row
  const { organizationId, elementId, elementVersion } = record
  const element = await context.elements.versionOf(organizationId, elementId, elementVersion)
  const authentication = authenticationOf(element, record)
  const { given, computed } = sortStored(element, record.configuration)
  const known = new Map([...checkConfiguration(element, authentication, given).values, ...computed])
  const origins = originsOf(element, authentication, known)
  const used = secrets.filter(({ entry }) => isUsed(element, authentication, entry))
  const opened = await openKept(context, record, element, used, origins)
  const app = await openAppOf(context, record, element, authentication, known)

  const checked = checkConfiguration(element, authentication, {
    ...given,
    ...Object.fromEntries(textsAmong(element, opened)),
    ...app?.given,
  })
  const tokens = readTokens(used, opened)
  const values = new Map([
    ...checked.values,
    ...computed,
    ...toldAmong(element, opened),
    ...(tokens ? sessionOf(tokens) : []),
  ])
  const secretKeys = new Set([
    ...checked.secretKeys,
    ...Object.keys(app?.given ?? {}),
    ...[...values.keys()].filter(isSecretOfSession),
  ])
  const certificateFor = storedCertificate(context, record, authentication, opened)
  const credentials = { element, authentication, values, secretKeys, certificateFor }
  return { record, element, credentials, tokens, secrets }
}

/** How an instance is known to its vendor. */
export function authenticationOf(
  element: Element,
  record: Pick<InstanceRecord, 'authenticationType' | 'externalAuthentication'>,
): Authentication {
  const { authenticationType } = record
  const found = element.authentications.find((one) => keyOf(one) === authenticationType)
  if (!found) throw new Error(`${element.key} has no authentication "${authenticationType}"`)
  return grantFor(found, record)
}

/** A stored configuration: what was given, and what the vendor told or was derived. */
export function sortStored(
  { entries }: Element,
  configuration: Record<string, Scalar>,
): { given: Record<string, Scalar>; computed: Values } {
  const made = new Set(entries.filter(isComputed).map(({ key }) => key))
  const { own = [], computed = [] } = Object.groupBy(Object.entries(configuration), ([key]) =>
    made.has(key) ? 'computed' : 'own',
  )
  return {
    given: Object.fromEntries(own),
    computed: new Map(computed.map(([key, value]) => [key, String(value)])),
  }
}

/** Whether a secret is one that goes to the vendor. */
export function isUsed(element: Element, authentication: Authentication, key: string): boolean {
  if (key === tokensEntry) return true
  const entry = element.entries.find((one) => one.key === key)
  return entry !== undefined && isFor(entry, authentication)
}

/** What stands for itself in requests: neither a certificate's file, nor what the vendor told. */
function textsAmong({ entries }: Element, opened: Values): [key: string, value: string][] {
  const given = entries.filter((entry) => entry.type !== 'certificate' && !isComputed(entry))
  const keys = new Set(given.map(({ key }) => key))
  return [...opened].filter(([key]) => keys.has(key))
}

/** What the vendor told in secret. */
export function toldAmong({ entries }: Element, opened: Values): [key: string, value: string][] {
  const told = new Set(entries.filter(({ discovered }) => discovered).map(({ key }) => key))
  return [...opened].filter(([key]) => told.has(key))
}

function readTokens(secrets: readonly StoredSecret[], opened: Values): StoredConnection['tokens'] {
  const sealed = opened.get(tokensEntry)
  const secret = secrets.find(({ entry }) => entry === tokensEntry)
  return sealed === undefined || !secret
    ? undefined
    : { version: secret.secretVersion, ...(JSON.parse(sealed) as Tokens) }
}

async function openAppOf(
  context: Needs,
  { organizationId, userId, oauthAppId: id }: InstanceRecord,
  element: Element,
  authentication: Authentication,
  values: Values,
): Promise<AppliedApp | undefined> {
  if (id === null) return undefined
  return openApp(context, { organizationId, userId, id, element, authentication, values })
}
