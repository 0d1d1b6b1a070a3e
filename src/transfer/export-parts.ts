import type { Principal } from '../access/store.ts'
import type { Authentication } from '../authentication/authentication.ts'
import { needsConsent } from '../authentication/consent.ts'
import { takeCertificateAlong } from '../certificates/transfer.ts'
import type { Context } from '../context.ts'
import type { Scalar } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { sortStored } from '../instances/connection.ts'
import type { StoredRow } from '../instances/connection-store.ts'
import { broughtAlong, tokensEntry } from '../instances/tokens.ts'
import { tokenEntry } from '../vault/token.ts'
import type { Manifest, SealedSecrets } from './manifest.ts'

type Warning = Manifest['warnings'][number]

/** What of an instance may be used in one place at a time, by entry: whoever refreshes it replaces it. */
export function soleSecrets({ secrets }: StoredRow, authentication: Authentication): string[] {
  const isRefreshed = authentication.type === 'oauth2' && authentication.grant === 'refreshToken'
  if (!isRefreshed && !needsConsent(authentication)) return []
  const sole = [tokensEntry, broughtAlong(authentication)]
  return secrets.map(({ entry }) => entry).filter((entry) => sole.includes(entry))
}

/** The secrets that leave: neither our tokens, nor what others get by themselves, nor what stays. */
export async function openAll(
  { vault }: Pick<Context, 'vault'>,
  { organizationId, id, secrets }: StoredRow,
  stays: readonly string[],
): Promise<{ listed: Manifest['secrets']; entries: SealedSecrets['entries'] }> {
  const listed: Manifest['secrets'] = []
  const entries: SealedSecrets['entries'] = {}
  for (const { sealed, ...secret } of secrets) {
    const { entry, origins } = secret
    if (entry === tokenEntry || stays.includes(entry)) continue
    const place = { organizationId, owner: `instance/${id}`, ...secret }
    listed.push({ entry, origins })
    entries[entry] = await vault.openToMove(place, sealed)
  }
  return { listed, entries }
}

/** The configuration in clear, and the certificates that it names, which have other ids elsewhere. */
export async function sortConfiguration(
  context: Pick<Context, 'db' | 'vault'>,
  principal: Principal,
  { configuration }: StoredRow,
  element: Element,
) {
  const { given, computed } = sortStored(element, configuration)
  const discovered = new Set(
    element.entries.filter(({ discovered }) => discovered).map(({ key }) => key),
  )
  const plain: Record<string, Scalar> = {}
  const listed: Manifest['certificates'] = []
  const sealed: SealedSecrets['certificates'] = {}
  for (const [key, value] of Object.entries(given)) {
    const entry = element.entries.find((one) => one.key === key)
    if (entry?.type !== 'certificate' || typeof value !== 'number') {
      plain[key] = value
      continue
    }
    const taken = await takeCertificateAlong(context, principal, value)
    const { certificate, key: privateKey, ...told } = taken
    listed.push({ entry: key, ...told })
    sealed[key] = { certificate, key: privateKey }
  }
  const told = Object.fromEntries([...computed].filter(([key]) => discovered.has(key)))
  return { plain, told, certificates: { listed, sealed } }
}

/** Settings without what is somebody's there alone. */
export function sortSettings({ settings }: StoredRow): {
  settings: Manifest['settings']
  warnings: Warning[]
} {
  const { rateLimitId, connectionPoolId, ...own } = settings
  const shared = { rateLimitId, connectionPoolId }
  const warnings = Object.entries(shared)
    .filter(([, id]) => id !== undefined)
    .map(([name]) => ({
      key: `settings.${name}`,
      message: 'stayed where it is from: name one of this installation in its place',
    }))
  return { settings: own, warnings }
}
