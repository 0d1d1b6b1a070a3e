import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import { refuseConfiguration } from '../definition/refuse.ts'
import { Refusal } from '../http/errors.ts'
import { readTexts } from '../instances/request.ts'
import { judgeSettings } from '../instances/settings.ts'
import { findApp } from '../oauth/app.ts'
import { createToken } from '../vault/token.ts'
import { readAddresses } from './addresses.ts'
import { linkUrl } from './link.ts'
import { type Offer, type Offered, readOffers } from './offer.ts'
import { checkPreset, presetFor, presetPlace } from './preset.ts'
import type { ConnectSession, ConnectSessionRequest } from './schema.ts'
import { showSession } from './show.ts'
import { insertSession, sweepSessions } from './store.ts'

const defaultLifetimeSeconds = 1800
const keptSeconds = 7 * 24 * 3600
/** One session in sixteen sweeps up to so many that are long over. */
const maxSwept = 64

/**
 * Makes a session and the link to it, which is answered here and never again.
 * @param base where browsers reach the service
 * @throws {Refusal} for what the customer could not finish
 */
export async function createSession(
  context: Pick<Context, 'db' | 'vault' | 'elements' | 'connectSessionIds'>,
  asked: { principal: Principal; requestId: string; address: string; body: ConnectSessionRequest },
  base: string,
): Promise<ConnectSession> {
  const { db, vault } = context
  const { principal, requestId, address, body } = asked
  const { organizationId } = principal
  const addresses = readAddresses(body)
  const offered = await readOffers(context, principal, body)
  await checkRequest(context, principal, body, offered)

  const id = await context.connectSessionIds.next()
  // By chance, and so in proportion to what each organization leaves behind.
  if (id % 16 === 0) await sweepSessions(db, { organizationId, keptSeconds, limit: maxSwept })
  const place = presetPlace({ organizationId, id })
  const preset = body.configuration && {
    ...(await vault.seal(place, JSON.stringify(body.configuration))),
    origins: place.origins,
  }
  const link = createToken('link', organizationId)
  const { name, tags, settings, authentication, appearance } = body
  const record = await insertSession(db, {
    organizationId,
    id,
    userId: principal.user.id,
    elements: offered.offers.map(({ known }) => ({ id: known.id, key: known.key })),
    instanceId: offered.instance?.id ?? null,
    request: { name, tags, settings, authentication, appearance },
    externalId: body.externalId ?? null,
    ...addresses,
    link: vault.hash(link),
    lifetimeSeconds: body.lifetimeSeconds ?? defaultLifetimeSeconds,
    requestId,
    address,
    preset,
  })
  return { ...showSession(record), url: linkUrl(vault, base, record, link) }
}

/** What the client app alone can mend is told to it, and not to its customer. */
async function checkRequest(
  context: Pick<Context, 'db' | 'vault'>,
  principal: Principal,
  body: ConnectSessionRequest,
  { offers, instance }: Offered,
) {
  readTexts({ ...body, name: body.name ?? 'unnamed', element: undefined })
  const { organizationId, user } = principal
  const owner = { organizationId, userId: user.id }
  const invalid = await judgeSettings(context, owner, body.settings ?? {})
  if (invalid.length > 0) throw refuseConfiguration({ missing: [], invalid, unknown: [] })
  const preset = body.configuration ?? {}
  checkPreset(
    offers.map(({ known, authentications }) => ({ element: known.element, authentications })),
    preset,
  )
  const named = body.authentication?.oauthAppId !== undefined
  const several = offers.length > 1 || offers[0]!.authentications.length > 1
  if (named && (instance || several)) throw appUnclear(instance !== undefined)
  if (!instance) await checkApps(context, principal, body, offers)
}

/** Which app profile stands for the client of an OAuth vendor must not be for the customer to say. */
async function checkApps(
  context: Pick<Context, 'db' | 'vault'>,
  principal: Principal,
  { authentication: { oauthAppId } = {}, configuration = {} }: ConnectSessionRequest,
  offers: readonly Offer[],
) {
  for (const { known, authentications } of offers) {
    const { element } = known
    const preset = presetFor(element, configuration)
    for (const authentication of authentications) {
      const asked = { principal, element, authentication, configuration: preset, oauthAppId }
      await findApp(context, asked)
    }
  }
}

function appUnclear(reconnects: boolean): Refusal {
  const reason = reconnects
    ? 'is that of the instance: leave it out'
    : 'belongs to one element and type of authentication: name both'
  return new Refusal('body-invalid', {
    message: `authentication.oauthAppId ${reason}.`,
    invalid: [{ key: 'authentication.oauthAppId', reason }],
  })
}
