import type { World } from './world.ts'

const secret = (key: string) => ({ key, name: key, type: 'password', secret: true })

/** An element that asks `{server}/token` for a token as a client; one with what is changed. */
export function oauthElement(id: number, key: string, changes: object = {}, more: object = {}) {
  const authentication = {
    type: 'oauth2',
    name: 'OAuth 2',
    grant: 'clientCredentials',
    tokenUrl: '{server}/token',
    clientId: '{id}',
    clientSecret: '{secret}',
    clientAuthentication: 'basic',
    ...changes,
  }
  const definition = {
    format: 1,
    id,
    key,
    name: 'Tokens',
    hub: 'general',
    description: 'Knows its callers by tokens.',
    configDescription: 'Made up for the tests.',
    entries: [
      { key: 'server', name: 'Server', type: 'url', required: true },
      { key: 'id', name: 'Client id', type: 'text' },
      { key: 'scope', name: 'Scope', type: 'text' },
      { key: 'cert', name: 'Certificate', type: 'certificate' },
      { key: 'user', name: 'User', type: 'text' },
      { key: 'key', name: 'Private key', type: 'textarea', secret: true },
      ...['secret', 'refresh', 'password'].map(secret),
    ],
    baseUrl: '{server}',
    authentications: [authentication],
    ...more,
  }
  return JSON.parse(JSON.stringify(definition)) as typeof definition
}

/** A secret of an instance in clear; for the origin that its server has, or another destination. */
export async function openSecret(
  { context: { db, vault }, organizationId }: World,
  instanceId: number,
  entry: string,
  destination?: string,
): Promise<string> {
  const owner = `instance/${instanceId}`
  const found = await db.kysely
    .selectFrom('secrets')
    .select(['secretVersion', 'origins', 'sealed'])
    .where('organizationId', '=', organizationId)
    .where('owner', '=', owner)
    .where('entry', '=', entry)
    .executeTakeFirstOrThrow(() => new Error('no secret'))
  const place = { organizationId, owner, entry, ...found }
  return vault.open(place, found.sealed, destination ?? found.origins[0]!)
}
