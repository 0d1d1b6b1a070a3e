import { randomBytes } from 'node:crypto'
import { Scene } from '../audit/scene.ts'
import { call } from '../support/client.ts'
import type { World } from '../support/world.ts'
import { allowKey } from '../transfer/worlds.ts'

/** One of everything that an organization can have, and what gives it away where it is shown. */
export interface Things {
  authorization: string
  organizationId: number
  userId: number
  instance: { id: number; token: string }
  /** Of an entry of its configuration. */
  entryId: number
  verificationId: number
  certificateId: number
  oauthAppId: number
  rateLimitId: number
  poolId: number
  sessionId: number
  element: { id: number; key: string; name: string }
  user: { id: number; email: string }
  accountId: number
  callId: number
  importKeyId: number
  /** Its public half. */
  importKey: { kid: string }
  /** The instance, as it leaves for whoever has that key. */
  exported: string
  webhookId: number
  deliveryId: number
  /** In the names of all of them but the element, which is the whole organization's. */
  marker: string
  /** Of the second page of a list. */
  nextPage: string
}

const newMarker = () => `m${randomBytes(8).toString('hex')}`

export const referenceName = 'report'

/** Has one of everything made, as a user does who is an admin. */
export async function makeThings(world: World): Promise<Things> {
  const marker = newMarker()
  const scene = new Scene(world)
  const { authorization, organizationId, userId } = world
  const get = async (path: string) => (await call(world, 'GET', path)).body
  const session = { ...scene.session(), name: marker, externalId: marker }
  const { id: webhookId } = await scene.make('/webhooks', {
    url: 'https://app.example.com/hooks',
    events: ['*'],
    description: marker,
  })
  const element = await scene.make('/elements', {
    ...(await scene.definition()),
    name: newMarker(),
  })
  const { key } = element
  const origins = ['https://api.example.com']
  const app = { name: marker, element: { key: 'consented' }, origins }
  const texts = { name: marker, externalId: marker, tags: [marker], element: { key } }
  const instance = await scene.instance(texts)
  await scene.send('PUT', `/instances/${instance.id}/references/${referenceName}`, {
    description: marker,
  })
  const second = await scene.instance(texts)
  const [delivery] = await get(`/webhooks/${webhookId}/deliveries`)
  const windows = [{ amount: 9, unit: 'second' }]
  const email = `${marker}@example.com`
  const user = await scene.newUser({ email, firstName: marker, lastName: marker })
  const page = await call(world, 'GET', '/instances?pageSize=1')
  const first = [instance, second].find(({ id }) => id !== page.body[0].id)
  const [entry] = await get(`/instances/${first.id}/configuration`)
  const tried = await call(world, 'POST', '/instances/verify', { body: { ids: [first.id] } })
  const importKey = await scene.make('/imports/keys', {})
  const leaving = { publicKey: importKey.publicKey, ids: [first.id] }
  await allowKey(world, importKey.publicKey)
  const { text: exported } = await call(world, 'POST', '/instances/export', { body: leaving })
  return {
    authorization,
    organizationId,
    userId,
    instance: first,
    entryId: entry.id,
    verificationId: JSON.parse(tried.text.split('\n')[0]!).run,
    certificateId: (await scene.make('/certificates', scene.certificate({ name: marker }))).id,
    oauthAppId: (await scene.make('/oauth-apps', scene.app(app))).id,
    rateLimitId: (await scene.make('/rate-limits', { name: marker, windows })).id,
    poolId: (await scene.make('/connection-pools', { name: marker, limit: 5 })).id,
    sessionId: (await scene.make('/connect-sessions', session)).id,
    element,
    user: { id: user.id, email },
    accountId: (await scene.make('/accounts', { name: marker })).id,
    callId: await scene.waitingCall(),
    importKeyId: importKey.id,
    importKey: importKey.publicKey,
    exported,
    webhookId,
    deliveryId: delivery.id,
    marker,
    nextPage: String(page.headers['elements-next-page-token']),
  }
}
