import { generateKeyPairSync } from 'node:crypto'
import type { ClientMetadata } from 'oidc-provider'
import { expect } from 'vitest'
import { Browser, parametersOf } from '../support/browser.ts'
import { call, countStored } from '../support/client.ts'
import { consentElement } from '../support/consent-elements.ts'
import { startOAuthServer } from '../support/oauth-server.ts'
import { startWorld, type World } from '../support/world.ts'

export const callbackUrl = 'https://app.example/callback'
export const otherCallback = 'https://app.example/other'
export const clientSecret = 'client-secret:with~signs+and%and-enough-of-them'
const client: Omit<ClientMetadata, 'client_id'> = {
  client_secret: clientSecret,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: [callbackUrl, otherCallback],
}
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
export const key = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
export const app = { apiKey: 'app-pkce', apiSecret: clientSecret }
const company = consentElement(9808, 'company', { fromRedirect: { realm: 'realmId' } })
const realm = { key: 'realm', name: 'Company', type: 'text', discovered: true }
const telling = { ...company, entries: [...company.entries, realm] }
const definitions = [
  consentElement(9801, 'coded'),
  consentElement(9802, 'stateless', { codeWithoutState: true }),
  consentElement(9803, 'twin'),
  consentElement(9804, 'brought', { refreshToken: '{refresh}' }),
  consentElement(9805, 'issued', { issuer: '{server}' }),
  consentElement(9806, 'bare', { pkce: false }),
  telling,
  consentElement(9807, 'keyed', {
    clientAuthentication: 'privateKeyJwt',
    clientSecret: undefined,
    signingKey: '{key}',
    algorithm: 'ES256',
    audience: '{server}',
  }),
]

/** A service and the vendor whose consents it brings back. */
export async function openConsents() {
  const server = await startOAuthServer([
    { ...client, client_id: 'app-pkce' },
    { ...client, client_id: 'app' },
    {
      ...client,
      client_id: 'keyed-pkce',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: [publicKey.export({ format: 'jwk' })] },
    },
  ])
  const world = await startWorld({ definitions, allow: ['127.0.0.1'] })
  const ask = (key: string, parameters: Record<string, string> = {}, who: object = {}) =>
    call(
      world,
      'GET',
      `/elements/${key}/oauth/url?${new URLSearchParams({ ...app, callbackUrl, server: server.url, ...parameters })}`,
      who,
    )
  /** What the callback received after somebody's consent. */
  async function consent(key: string, parameters: Record<string, string> = {}, who: object = {}) {
    const { body } = await ask(key, parameters, who)
    return parametersOf(await new Browser().consent(body.oauthUrl))
  }
  const provision = (
    key: string,
    providerData: object | undefined,
    configuration: object = {},
    more: object = {},
    who: object = {},
  ) =>
    call(world, 'POST', '/instances', {
      body: { element: { key }, name: 'N', configuration, providerData, ...more },
      ...who,
    })

  async function refused(...given: Parameters<typeof provision>) {
    const before = await countStored(world)
    const { status, body } = await provision(...given)
    expect((await countStored(world)).instances).toBe(before.instances)
    return { status, code: body.code, message: body.message }
  }
  return { server, world, ask, consent, provision, refused }
}

export const invalidState = {
  status: 400,
  code: 'oauth-state-invalid',
  message:
    'The redirect belongs to no consent that you asked for and that is still under way. Begin again with GET /elements/coded/oauth/url.',
}

export async function countPending(world: World) {
  const { rows } = await world.context.db.pool.query(`
    select (select count(*) from authorizations) as rows,
      (select count(*) from secrets where owner like 'authorization/%') as secrets`)
  return rows[0] as { rows: number; secrets: number }
}
