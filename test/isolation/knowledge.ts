import { bodyOf } from '../certificates/fixtures.ts'
import { helpDesk } from '../support/client.ts'
import type { World } from '../support/world.ts'
import type { Operation } from './operations.ts'
import { referenceName, type Things } from './things.ts'

/** A value that names one of somebody's things. */
type Naming = (things: Things) => string | number

const byPlace: [place: RegExp, parameter: string, naming: Naming][] = [
  [/^\/instances\/\{id\}/, 'id', ({ instance }) => instance.id],
  [/^\/elements\/\{keyOrId\}\/instances\/\{id\}/, 'id', ({ instance }) => instance.id],
  [/^\/elements\/\{keyOrId\}/, 'keyOrId', ({ element }) => element.key],
  [/^\/instances\/verify/, 'runId', ({ verificationId }) => verificationId],
  [/^\/accounts\/\{id\}/, 'id', ({ accountId }) => accountId],
  [/^\/users\/\{idOrEmail\}/, 'idOrEmail', ({ user }) => user.id],
  [/^\/certificates\/\{id\}/, 'id', ({ certificateId }) => certificateId],
  [/^\/oauth-apps\/\{id\}/, 'id', ({ oauthAppId }) => oauthAppId],
  [/^\/rate-limits\/\{id\}/, 'id', ({ rateLimitId }) => rateLimitId],
  [/^\/connection-pools\/\{id\}/, 'id', ({ poolId }) => poolId],
  [/^\/calls\/\{id\}/, 'id', ({ callId }) => callId],
  [/^\/connect-sessions\/\{id\}/, 'id', ({ sessionId }) => sessionId],
  [/^\/imports\/keys\/\{id\}/, 'id', ({ importKeyId }) => importKeyId],
  [/^\/webhooks\/\{id\}/, 'id', ({ webhookId }) => webhookId],
  [/^\/webhooks\/\{id\}\/deliveries/, 'deliveryId', ({ deliveryId }) => deliveryId],
  [/^\/operator\/organizations\/\{id\}/, 'id', ({ organizationId }) => organizationId],
  [/^\/operator\/organizations\/\{id\}\/export-keys/, 'kid', ({ importKey }) => importKey.kid],
  [/^\/operator\/organizations\/\{id\}\/users/, 'userId', ({ user }) => user.id],
]

/** What is nobody's. */
const common: Record<string, Naming> = {
  role: () => 'org-admin',
  name: () => referenceName,
  configId: ({ entryId }) => entryId,
  key: () => 'helpdesk',
  hub: () => 'helpdesk',
  path: () => 'things',
}

export interface PathParameter {
  naming: Naming
  /** Whether it names what is somebody's. */
  owned: boolean
}

/** @throws where nobody has said what the parameter names */
export function readPathParameter(operation: Operation, name: string): PathParameter {
  const { path } = operation
  const found = byPlace.find(([place, parameter]) => parameter === name && place.test(path))
  const naming = found?.[2] ?? common[name]
  if (!naming) throw new Error(unknown(operation, `what {${name}} names in a path`))
  return { naming, owned: found !== undefined }
}

const callbackUrl = 'https://app.example.com/callback'

const states: Record<string, string> = {
  '/calls': 'waiting',
  '/webhooks/{id}/deliveries': 'waiting',
  '/elements/{keyOrId}/oauth/url': 'any',
}

/** Where a parameter can name somebody's thing, it does. */
const inQuery: Record<string, Naming> = {
  'tags[]': ({ marker }) => marker,
  tags: ({ marker }) => marker,
  searchText: ({ marker }) => marker,
  externalId: ({ marker }) => marker,
  element: ({ element }) => element.key,
  oauthAppId: ({ oauthAppId }) => oauthAppId,
  instanceId: ({ instance }) => instance.id,
  userId: ({ user }) => user.id,
  user: ({ user }) => user.id,
  reassignTo: ({ userId }) => userId,
  nextPage: ({ nextPage }) => nextPage,
  hub: () => 'helpdesk',
  installed: () => 'true',
  pageSize: () => 200,
  hydrate: () => 'true',
  lastUsed: () => 'true',
  reAuthenticate: () => 'false',
  previous: () => 'true',
  keep: () => 'true',
  verify: () => 'false',
  oauthApps: ({ oauthAppId }) => `${oauthAppId}:${oauthAppId}`,
  place: () => 'window',
  apiKey: () => 'key',
  apiSecret: () => 'secret',
  callbackUrl: () => callbackUrl,
  authenticationType: () => 'oauth2',
  scope: () => 'read',
  requestToken: () => 'token',
  action: () => 'instance.created',
  requestId: () => '0123456789abcdef01234567',
  from: () => '2020-01-01T00:00:00.000Z',
  to: () => '2120-01-01T00:00:00.000Z',
}

/** @throws where nobody has said what the parameter takes */
export function readQueryParameter(operation: Operation, name: string, things: Things) {
  const naming = name === 'state' ? () => states[operation.path] ?? 'verified' : inQuery[name]
  if (!naming) throw new Error(unknown(operation, `what ${name} takes in a query`))
  return naming(things)
}

const overlap = { overlapSeconds: 60 }
const texts = { name: 'Taken' }
const webhook = { url: 'https://taken.example.com/hooks', events: ['*'] }
const link = { allowedOrigin: 'https://taken.example.com' }
const app = { name: 'Taken', clientId: 'taken', clientSecret: 'taken' }
const answers = { elementId: 117, authentication: 'basic', configuration: {} }
const email = 'taken@example.com'
const password = 'an unguessable sentence'

type Bodies = (world: World, named: Things, definition: object) => unknown[]

const connection = (world: World) => ({
  name: 'Taken',
  configuration: helpDesk(world).configuration,
})
const changes: Bodies = (world) => [connection(world)]

/** Bodies that a route would take of whom the things belong to; they name what they can. */
const bodies: Record<string, Bodies> = {
  callPost: () => ['anything'],
  callPut: () => ['anything'],
  callPatch: () => ['anything'],
  callDelete: () => ['anything'],
  startCallLog: () => [{ minutes: 5 }],
  signIn: (_, { user }) => [{ username: user.email, password }],
  createElement: (_, __, definition) => [definition],
  replaceElement: (_, { element }, definition) => [{ ...definition, key: element.key }],
  validateElement: (_, __, definition) => [definition],
  testElement: (world, { oauthAppId }) => {
    const { configuration } = helpDesk(world)
    return [{ configuration }, { configuration, authentication: { oauthAppId } }]
  },
  cloneElement: () => [texts],
  createInstance: (world, { element }) => [
    { ...helpDesk(world), element: { key: element.key } },
    { ...helpDesk(world), element: { id: element.id } },
  ],
  createInstances: (world, { element }) => [
    JSON.stringify({ ...helpDesk(world), element: { key: element.key } }),
  ],
  createElementInstance: (world) => [connection(world)],
  replaceInstance: changes,
  updateInstance: () => [texts],
  reassignInstance: (_, { user }) => [{ user: user.id }],
  replaceInstanceOfToken: changes,
  updateInstanceOfToken: () => [texts],
  replaceInstanceOfElement: changes,
  updateInstanceOfElement: () => [texts],
  updateInstanceEntry: () => [{ propertyValue: 'taken' }],
  updateInstanceEntryOfToken: () => [{ propertyValue: 'taken' }],
  verifyInstances: (_, { instance, marker }) => [{ ids: [instance.id] }, { tags: [marker] }],
  putInstanceReference: () => [{ description: 'Taken' }],
  replaceInstanceBy: (_, { instance }) => [{ by: instance.id }],
  rotateInstanceToken: () => [overlap],
  createAccount: () => [texts],
  replaceAccount: () => [texts],
  changeAccount: () => [texts],
  createUser: () => [{ email, password, firstName: 'Taken', lastName: 'Taken' }],
  changeUser: () => [{ firstName: 'Taken' }, { password }, { roles: ['org-admin'] }],
  rotateUserSecret: () => [overlap],
  rotateOrganizationSecret: () => [overlap],
  createCertificate: () => [bodyOf('default.p12')],
  replaceCertificate: () => [bodyOf('default.p12')],
  createOAuthApp: (_, { element }) => [
    { ...app, element: { key: element.key } },
    { ...app, element: { id: element.id } },
  ],
  replaceOAuthApp: () => [app],
  createRateLimit: () => [{ name: 'Taken', windows: [{ amount: 9, unit: 'second' }] }],
  replaceRateLimit: () => [texts],
  createConnectionPool: () => [{ name: 'Taken', limit: 5 }],
  replaceConnectionPool: () => [texts],
  createConnectSession: (_, { element, instance, oauthAppId }) => [
    { ...link, element: { key: element.key } },
    { ...link, instanceId: instance.id },
    { ...link, element: { key: 'consented' }, authentication: { type: 'oauth2', oauthAppId } },
  ],
  replaceRetention: () => [{ auditEntries: 30 }],
  allowExportKey: (_, { importKey: publicKey }) => [{ publicKey }],
  createImportKey: () => [{}],
  exportInstances: (_, { instance, marker, importKey: publicKey }) => [
    { publicKey, ids: [instance.id] },
    { publicKey, ids: [instance.id], tokens: 'move' },
    { publicKey, tags: [marker] },
    { publicKey, externalIds: [marker] },
  ],
  importInstances: (_, { exported }) => [exported],
  createWebhook: () => [webhook],
  replaceWebhook: () => [webhook],
  changeWebhook: () => [{ active: false }],
  rotateWebhookSecret: () => [overlap],
  openConnectLink: () => [{ link: 'lkc_1_none' }],
  provisionConnectSession: () => [answers],
  authorizeConnectSession: () => [answers],
  readConnectCertificates: () => [answers],
  createOrganization: () => [{ name: 'Taken', user: { email, password } }],
  changeOrganization: () => [{ name: 'Taken' }],
}

/** @throws where nobody has said what the route takes */
export function bodiesOf(operation: Operation): Bodies {
  if (!operation.takes) return () => [undefined]
  const found = bodies[operation.operationId]
  if (!found) throw new Error(unknown(operation, 'what its body may be'))
  return found
}

function unknown({ method, path, operationId }: Operation, what: string): string {
  return `The walk does not know ${what}: ${operationId} (${method} ${path}). Say it in knowledge.ts, so that isolation is proved there, too.`
}
