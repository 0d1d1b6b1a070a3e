import { generateKeyPairSync } from 'node:crypto'
import type { ClientMetadata } from 'oidc-provider'
import { expect } from 'vitest'
import { listen } from '../egress/listener.ts'
import { call, countStored } from '../support/client.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { startOAuthServer } from '../support/oauth-server.ts'
import { oauth1Element } from '../support/oauth1-elements.ts'
import { startWorld } from '../support/world.ts'

export const clientSecret = 'client-secret:with~signs+and%and-enough-of-them'
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
export const machine: Omit<ClientMetadata, 'client_id'> = {
  client_secret: clientSecret,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  scope: 'read write',
}
const clients: ClientMetadata[] = [
  { ...machine, client_id: 'basic-client', token_endpoint_auth_method: 'client_secret_basic' },
  { ...machine, client_id: 'second-client', token_endpoint_auth_method: 'client_secret_basic' },
  { ...machine, client_id: 'post-client', token_endpoint_auth_method: 'client_secret_post' },
  {
    ...machine,
    client_id: 'key-client',
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'RS256',
    jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] },
  },
]

export const me = {
  probes: [
    { method: 'GET', path: 'api/me', rules: [{ when: { status: 200 }, verdict: 'verified' }] },
  ],
}
export const keyed = {
  clientAuthentication: 'privateKeyJwt',
  clientSecret: undefined,
  algorithm: 'RS256',
  signingKey: '{key}',
  keyId: 'k1',
  audience: '{server}',
}

/** One whose client has to be given, and goes by other names as well. */
function demanding() {
  const element = oauthElement(9704, 'demanding', {}, me)
  const entries = element.entries.map((entry) =>
    entry.key === 'id' || entry.key === 'secret'
      ? { ...entry, required: true, aliases: [`old.${entry.key}`] }
      : entry,
  )
  return { ...element, entries }
}

const definitions = [
  oauthElement(9701, 'basic', {}, me),
  oauthElement(9702, 'post', { clientAuthentication: 'post' }, me),
  oauthElement(9703, 'keyed', keyed, me),
  demanding(),
  oauth1Element(9705, 'signed'),
]

/** A service whose app profiles are the clients of a vendor, and a server that they are not for. */
export async function openAppClients() {
  const server = await startOAuthServer(clients)
  const elsewhere = await listen((_request, response) => response.writeHead(500).end())
  const world = await startWorld({ definitions, allow: ['127.0.0.1'] })
  async function keepApp(key = 'basic', changes: object = {}, authorization = world.authorization) {
    const body = {
      element: { key },
      name: 'Acme',
      clientId: 'basic-client',
      clientSecret,
      origins: [server.url],
      ...changes,
    }
    const {
      status,
      body: app,
      text,
    } = await call(world, 'POST', '/oauth-apps', {
      body,
      authorization,
    })
    expect({ status, text: status === 200 ? '' : text }).toEqual({ status: 200, text: '' })
    return app.id as number
  }

  const provision = (
    key: string,
    { configuration, authorization, ...more }: Record<string, unknown> = {},
  ) =>
    call(world, 'POST', '/instances', {
      ...(authorization !== undefined && { authorization: authorization as string }),
      body: {
        element: { key },
        name: 'N',
        configuration: { server: server.url, ...(configuration as object) },
        ...more,
      },
    })

  const naming = (oauthAppId: number, more: object = {}) => ({
    authentication: { oauthAppId },
    ...more,
  })

  async function refused(...given: Parameters<typeof provision>) {
    const [stored, granted] = [await countStored(world), server.granted]
    const { status, body } = await provision(...given)
    expect([await countStored(world), server.granted]).toEqual([stored, granted])
    return { status, ...body }
  }

  async function entriesOf(instanceId: number): Promise<string[]> {
    const { rows } = await world.context.db.pool.query(
      'select entry from secrets where organization_id = $1 and owner = $2 order by entry',
      [world.organizationId, `instance/${instanceId}`],
    )
    return rows.map(({ entry }) => entry)
  }
  return { server, elsewhere, world, keepApp, provision, naming, refused, entriesOf }
}
