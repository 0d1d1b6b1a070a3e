import { Customer } from '../connect/customer.ts'
import { operatorKey } from '../operator/operator.ts'
import { call } from '../support/client.ts'
import { allowKey } from '../transfer/worlds.ts'
import type { Scene } from './scene.ts'

/** What a request needs besides its method and path. */
export interface Given {
  path?: Record<string, string | number>
  query?: string
  body?: unknown
  authorization?: string | null
}

type Prepare = (scene: Scene) => Promise<Given> | Given

const rateLimit = { name: 'Contract', windows: [{ amount: 9, unit: 'second' }] }
const pool = { name: 'Import', limit: 5 }
const operator = `Operator ${operatorKey}`
const ofInstance: Prepare = async (scene) => ({ path: { id: (await scene.instance()).id } })
const ofUser: Prepare = async (scene) => ({ path: { idOrEmail: (await scene.newUser()).id } })
const ofElement: Prepare = async (scene) => ({ path: { keyOrId: (await scene.newElement()).key } })
const withElement = (prepare: Prepare): Prepare => {
  return async (scene) => {
    const given = await prepare(scene)
    return { ...given, path: { keyOrId: 'connectwisehd', ...given.path } }
  }
}
const bearer = async (scene: Scene) => {
  const { email: username, password } = await scene.newUser()
  return `Bearer ${(await scene.make('/authentication', { username, password })).token}`
}
const used = async (scene: Scene) => {
  const { id } = await scene.instance()
  await scene.send('PUT', `/instances/${id}/references/flow`)
  return { id, name: 'flow' }
}
const change: Prepare = async (scene) => ({ ...(await ofInstance(scene)), body: { name: 'New' } })
/** As its user, with the token of a new instance. */
const byToken = async (scene: Scene) => {
  const { id, token } = await scene.instance()
  return { id, authorization: `${scene.world.authorization}, Element ${token}` }
}
const ofToken: Prepare = async (scene) => ({ authorization: (await byToken(scene)).authorization })
const changeOfToken: Prepare = async (scene) => ({
  ...(await ofToken(scene)),
  body: { name: 'New' },
})
const entryOf = async ({ world }: Scene, id: number): Promise<number> => {
  const { body } = await call(world, 'GET', `/instances/${id}/configuration`)
  return body.find(({ key }: { key: string }) => key === 'event.notification.enabled').id
}
const ofWebhook: Prepare = async (scene) => ({ path: { id: (await scene.newWebhook()).id } })
/** What a webhook is told of a new instance. */
const delivered = async (scene: Scene) => {
  const { id } = await scene.newWebhook()
  await scene.instance()
  const { body } = await call(scene.world, 'GET', `/webhooks/${id}/deliveries`)
  return { id, deliveryId: body[0].id }
}
const victim = async ({ world }: Scene) => ({ id: (await world.addOrganization()).organizationId })

/** How each operation of the API that changes something is done with success. */
export const deeds: Record<string, Prepare> = {
  createInstance: (scene) => ({ body: scene.helpDesk() }),
  createElementInstance: withElement((scene) => ({ body: scene.helpDesk() })),
  replaceInstance: change,
  updateInstance: change,
  deleteInstance: ofInstance,
  replaceInstanceOfElement: withElement(change),
  updateInstanceOfElement: withElement(change),
  deleteInstanceOfElement: withElement(ofInstance),
  enableInstance: async (scene) => {
    const { path } = await ofInstance(scene)
    await scene.send('DELETE', `/instances/${path!.id}/enabled`)
    return { path: path! }
  },
  disableInstance: ofInstance,
  reassignInstance: async (scene) => ({
    ...(await ofInstance(scene)),
    body: { user: (await scene.newUser()).id },
  }),
  verifyInstances: async (scene) => ({ body: { ids: [(await scene.instance()).id] } }),
  rotateInstanceToken: async (scene) => ({ ...(await ofInstance(scene)), body: {} }),
  revokeInstanceTokens: async (scene) => {
    const { id } = await scene.instance()
    await scene.make(`/instances/${id}/token`, { overlapSeconds: 60 })
    return { path: { id }, query: '?previous=true' }
  },
  startCallLog: async (scene) => ({ ...(await ofInstance(scene)), body: { minutes: 5 } }),
  endCallLog: ofInstance,
  putInstanceReference: async (scene) => ({
    path: { id: (await scene.instance()).id, name: 'flow' },
    body: { description: 'Orders' },
  }),
  deleteInstanceReference: async (scene) => ({ path: await used(scene) }),
  replaceInstanceBy: async (scene) => ({
    path: await used(scene),
    body: { by: (await scene.instance()).id },
  }),
  verifyInstance: async (scene) => ({ path: { id: (await scene.instance({ verify: false })).id } }),

  replaceInstanceOfToken: changeOfToken,
  updateInstanceOfToken: changeOfToken,
  deleteInstanceOfToken: ofToken,
  disableInstanceOfToken: ofToken,
  enableInstanceOfToken: async (scene) => {
    const { id, authorization } = await byToken(scene)
    await scene.send('DELETE', `/instances/${id}/enabled`)
    return { authorization }
  },
  updateInstanceEntry: async (scene) => {
    const { id } = await scene.instance()
    return { path: { id, configId: await entryOf(scene, id) }, body: { propertyValue: 'true' } }
  },
  updateInstanceEntryOfToken: async (scene) => {
    const { id, authorization } = await byToken(scene)
    const body = { propertyValue: 'true' }
    return { path: { configId: await entryOf(scene, id) }, body, authorization }
  },

  createCertificate: (scene) => ({ body: scene.certificate() }),
  replaceCertificate: async (scene) => ({
    path: { id: (await scene.newCertificate()).id },
    body: scene.certificate(),
  }),
  deleteCertificate: async (scene) => ({ path: { id: (await scene.newCertificate()).id } }),
  createOAuthApp: (scene) => ({ body: scene.app() }),
  replaceOAuthApp: async (scene) => ({
    path: { id: (await scene.newApp()).id },
    body: scene.app(),
  }),
  deleteOAuthApp: async (scene) => ({ path: { id: (await scene.newApp()).id } }),

  createRateLimit: () => ({ body: rateLimit }),
  replaceRateLimit: async (scene) => ({
    path: { id: (await scene.make('/rate-limits', rateLimit)).id },
    body: { name: 'New' },
  }),
  deleteRateLimit: async (scene) => ({
    path: { id: (await scene.make('/rate-limits', rateLimit)).id },
  }),
  createConnectionPool: () => ({ body: pool }),
  replaceConnectionPool: async (scene) => ({
    path: { id: (await scene.make('/connection-pools', pool)).id },
    body: { limit: 1 },
  }),
  deleteConnectionPool: async (scene) => ({
    path: { id: (await scene.make('/connection-pools', pool)).id },
  }),

  createElement: async (scene) => ({ body: await scene.definition() }),
  replaceElement: async (scene) => {
    const { key } = await scene.newElement()
    return { path: { keyOrId: key }, body: { ...(await scene.definition()), key, name: 'New' } }
  },
  deleteElement: ofElement,
  cloneElement: async (scene) => ({ ...(await ofElement(scene)), body: {} }),
  activateElement: ofElement,
  deactivateElement: ofElement,
  installElement: ofElement,
  uninstallElement: async (scene) => {
    const { key } = await scene.newElement()
    const { id } = await scene.instance({ element: { key } })
    const { pool } = scene.world.context.db
    await pool.query('delete from instances where id = $1', [id])
    return { path: { keyOrId: key } }
  },
  updateElement: async (scene) => {
    const { key } = await scene.newElement()
    await scene.instance({ element: { key } })
    const body = { ...(await scene.definition()), key, description: 'Changed.' }
    await scene.send('PUT', `/elements/${key}`, body)
    return { path: { keyOrId: key } }
  },

  createAccount: () => ({ body: { name: 'Part' } }),
  replaceAccount: async (scene) => ({
    path: { id: (await scene.newAccount()).id },
    body: { name: 'New' },
  }),
  changeAccount: async (scene) => ({
    path: { id: (await scene.newAccount()).id },
    body: { active: false },
  }),
  deleteAccount: async (scene) => ({ path: { id: (await scene.newAccount()).id } }),
  createUser: async (scene) => ({
    path: { id: (await scene.newAccount()).id },
    body: scene.user(),
  }),
  changeUser: async (scene) => ({
    ...(await ofUser(scene)),
    body: { firstName: 'Grace', password: scene.secret('new password') },
  }),
  deleteUser: ofUser,
  giveRole: async (scene) => ({
    path: { ...(await ofUser(scene)).path, role: 'org-admin' },
  }),
  addRole: async (scene) => ({ path: { ...(await ofUser(scene)).path, role: 'org-admin' } }),
  takeRole: async (scene) => {
    const { id } = await scene.newUser({ roles: ['org-admin'] })
    return { path: { idOrEmail: id, role: 'org-admin' } }
  },
  rotateUserSecret: async (scene) => ({ ...(await ofUser(scene)), body: { overlapSeconds: 60 } }),
  rotateOrganizationSecret: () => ({ body: { overlapSeconds: 60 } }),
  signIn: async (scene) => {
    const { email: username, password } = await scene.newUser()
    return { body: { username, password }, authorization: null }
  },
  signOut: async (scene) => ({ authorization: await bearer(scene) }),

  createConnectSession: (scene) => ({ body: scene.session() }),
  cancelConnectSession: async (scene) => ({ path: { id: (await scene.newSession()).id } }),
  provisionConnectSession: async (scene) => {
    const customer = new Customer(scene.world)
    const { body: opened } = await customer.open((await scene.newSession()).url)
    scene.noteAll(opened)
    const [{ id: elementId, authentications }] = (await customer.form()).body.elements
    const { configuration } = scene.helpDesk()
    return {
      body: { elementId, authentication: authentications[0].key, configuration },
      authorization: `Connect ${opened.key}`,
    }
  },

  createWebhook: (scene) => ({ body: scene.webhook() }),
  replaceWebhook: async (scene) => ({ ...(await ofWebhook(scene)), body: scene.webhook() }),
  changeWebhook: async (scene) => ({ ...(await ofWebhook(scene)), body: { rotateSecret: true } }),
  deleteWebhook: ofWebhook,
  rotateWebhookSecret: async (scene) => ({ ...(await ofWebhook(scene)), body: {} }),
  testWebhook: ofWebhook,
  redeliverWebhookDelivery: async (scene) => ({ path: await delivered(scene) }),
  redeliverDeadWebhookDeliveries: async (scene) => {
    const { id } = await delivered(scene)
    const { pool } = scene.world.context.db
    await pool.query("update webhook_deliveries set state = 'dead' where webhook_id = $1", [id])
    return { path: { id } }
  },

  allowExportKey: async (scene) => {
    const { publicKey } = await scene.make('/imports/keys', {})
    const path = { id: scene.world.organizationId, kid: publicKey.kid }
    return { path, body: { publicKey }, authorization: operator }
  },
  forbidExportKey: async (scene) => {
    const { publicKey } = await scene.make('/imports/keys', {})
    await allowKey(scene.world, publicKey)
    const path = { id: scene.world.organizationId, kid: publicKey.kid }
    return { path, authorization: operator }
  },
  createImportKey: () => ({ body: {} }),
  deleteImportKey: async (scene) => ({ path: { id: (await scene.make('/imports/keys', {})).id } }),

  cancelCall: async (scene) => ({ path: { id: await scene.waitingCall() } }),

  replaceRetention: () => ({ body: { auditEntries: 90 } }),
  createOrganization: (scene) => ({
    body: { name: 'New', user: { emailAddress: scene.user().email } },
    authorization: operator,
  }),
  changeOrganization: async (scene) => ({
    path: await victim(scene),
    body: { name: 'New', disabled: true },
    authorization: operator,
  }),
  eraseOrganization: async (scene) => ({ path: await victim(scene), authorization: operator }),
  eraseUser: async (scene) => ({
    path: { id: scene.world.organizationId, userId: (await scene.newUser()).id },
    authorization: operator,
  }),
}

/** What is asked with a body, or is a step of the way to a deed, and changes nothing to be told. */
export const noDeeds = [
  'validateElement',
  'testElement',
  // Each line is provisioned, and told, as the one of createInstance; see the tests of bulk.
  'createInstances',
  // So is each line of these; see the tests of what moves.
  'exportInstances',
  'importInstances',
  // Steps of a customer on the page; the session tells them, and its end is a deed.
  'openConnectLink',
  'authorizeConnectSession',
  'readConnectCertificates',
  'cancelConnectPage',
  // What is done there is done at the vendor.
  'callPost',
  'callPut',
  'callPatch',
  'callDelete',
]
