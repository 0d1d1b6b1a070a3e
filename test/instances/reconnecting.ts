import type { ClientMetadata } from 'oidc-provider'
import { expect } from 'vitest'
import { Browser, parametersOf } from '../support/browser.ts'
import { type Answer, call } from '../support/client.ts'
import { consentElement, me } from '../support/consent-elements.ts'
import { oauthElement, openSecret } from '../support/oauth-elements.ts'
import { startOAuthServer } from '../support/oauth-server.ts'
import { byConsent, oauth1Element } from '../support/oauth1-elements.ts'
import { startTokenServer } from '../support/token-server.ts'
import { startWorld } from '../support/world.ts'

export const callbackUrl = 'https://app.example/callback'
export const clientSecret = 'client-secret:with~signs+and%and-enough-of-them'
export const client: Omit<ClientMetadata, 'client_id'> = {
  client_secret: clientSecret,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [callbackUrl],
}
export const machine: ClientMetadata = {
  ...client,
  client_id: 'machine',
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
}
export const otherMachine = { ...machine, client_id: 'other-machine' }
export const app = { apiKey: 'app-pkce', apiSecret: clientSecret }
const probing = {
  probes: [{ method: 'GET', path: 'me', rules: [{ when: { status: 200 }, verdict: 'verified' }] }],
}
const definitions = [
  consentElement(9851, 'coded'),
  oauthElement(9852, 'machine', {}, me),
  oauthElement(9853, 'silent'),
  oauth1Element(9856, 'signed', { ...byConsent, callbackUrl: '{callback}' }),
  oauthElement(9854, 'granting', { clientAuthentication: 'post' }, probing),
  oauthElement(
    9855,
    'brought',
    { clientAuthentication: 'post', grant: 'refreshToken', refreshToken: '{refresh}' },
    probing,
  ),
]

/** A service, and vendors whose logins can be made anew. */
export async function openReconnecting() {
  const vendor = await startTokenServer()
  const server = await startOAuthServer([
    { ...client, client_id: 'app-pkce' },
    machine,
    otherMachine,
  ])
  const world = await startWorld({ definitions, allow: ['127.0.0.1'] })
  /** What the callback received after somebody's consent. */
  async function consent(instanceId?: number) {
    const asked = { ...app, callbackUrl, server: server.url }
    const query = new URLSearchParams({
      ...asked,
      ...(instanceId && { instanceId: `${instanceId}` }),
    })
    const { body } = await call(world, 'GET', `/elements/coded/oauth/url?${query}`)
    return parametersOf(await new Browser().consent(body.oauthUrl))
  }
  async function provision(key: string, configuration: object, more: object = {}): Promise<number> {
    const body = {
      element: { key },
      name: 'N',
      configuration: { server: server.url, ...configuration },
    }
    const answer = await call(world, 'POST', '/instances', { body: { ...body, ...more } })
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 200 })
    return answer.body.id
  }
  const connected = async () => provision('coded', {}, { providerData: await consent() })
  const credentials = { id: 'machine', secret: clientSecret }
  const get = async (id: number) => (await call(world, 'GET', `/instances/${id}`)).body
  const patch = (id: number, body: object, headers = {}) =>
    call(world, 'PATCH', `/instances/${id}`, { body, headers })
  const verify = (id: number) => call(world, 'POST', `/instances/${id}/verify`)
  const codeOf = ({ status, body }: Answer) => ({ status, code: body.code })
  async function tokensOf(id: number) {
    const { rows } = await world.context.db.pool.query(
      `select t.version, t.expires_at, t.holder, t.failures, t.retry_at, t.problem,
         array_agg(s.secret_version) as sealed
       from oauth_tokens t join secrets s on s.organization_id = $1 and s.owner = $3
         and s.entry = '$oauth'
       where t.organization_id = $1 and t.instance_id = $2 group by t.organization_id, t.instance_id`,
      [world.organizationId, id, `instance/${id}`],
    )
    return rows[0]
  }
  const accessTokenOf = async (id: number) =>
    JSON.parse(await openSecret(world, id, '$oauth')).accessToken
  /** A refusal that leaves tokens and instance as they were, and working. */
  async function refused(id: number, send: () => Promise<Answer>) {
    const before = [await get(id), await tokensOf(id), await accessTokenOf(id)]
    const answer = await send()
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect([await get(id), await tokensOf(id), await accessTokenOf(id)]).toEqual(before)
    expect((await verify(id)).status).toBe(200)
    return answer
  }
  return {
    vendor,
    server,
    world,
    consent,
    provision,
    connected,
    credentials,
    get,
    patch,
    verify,
    codeOf,
    tokensOf,
    accessTokenOf,
    refused,
  }
}

/** The life of a token that has just been got. */
export const fresh = {
  holder: null,
  failures: 0,
  retry_at: null,
  problem: null,
  expires_at: expect.any(Date),
}
