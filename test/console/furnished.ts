import { bodyOf } from '../certificates/fixtures.ts'
import { createSession } from '../connect/customer.ts'
import { tickets } from '../elements/tickets.ts'
import { draft } from '../instances/drafts.ts'
import { seed } from '../instances/seed.ts'
import { call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { startWebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { subscribe, untilDeliveries } from '../webhooks/scene.ts'

export interface Furnished extends AsyncDisposable {
  world: World
  instanceId: number
  webhookId: number
  ownKey: string
  /** The link of a new connect session. */
  invite(): Promise<string>
}

/** A service in use: something stands on every page. */
export async function furnish(): Promise<Furnished> {
  await using resources = new AsyncDisposableStack()
  const world = resources.use(await startWorld({ allow: ['127.0.0.1'], jobs: true }))
  const receiver = resources.use(
    await startWebServer(({ path }) => ({ status: path === '/gone' ? 410 : 204 })),
  )
  const post = async (path: string, body: object) => {
    const answer = await call(world, 'POST', path, { body })
    if (answer.status !== 200) throw new Error(`${path}: ${answer.text}`)
    return answer.body
  }
  const { id: webhookId, path: webhook } = await subscribe(world, `${receiver.url}/events`)
  const gone = await subscribe(world, `${receiver.url}/gone`, { description: 'The old importer' })
  const pool = await post('/connection-pools', { name: 'Night import', limit: 5, shared: true })
  await post('/rate-limits', {
    name: 'Contract with ConnectWise',
    windows: [
      { amount: 10, unit: 'second' },
      { amount: 5000, unit: 'day' },
    ],
  })
  const settings = {
    timeZone: 'Europe/Paris',
    dateFormat: "yyyy-MM-dd'T'HH:mm:ssXXX",
    connectionPoolId: pool.id,
    rateLimits: [{ amount: 10, unit: 'second' }],
  }
  const { id: instanceId } = await post('/instances', {
    ...helpDesk(world),
    name: 'Acme help desk',
    tags: ['emea', 'production'],
    externalId: 'customer-4711',
    settings,
  })
  await call(world, 'PUT', `/instances/${instanceId}/references/Orders%20to%20the%20ERP`, {
    body: { url: 'https://app.example.com/flows/7', description: 'every ten minutes' },
  })
  await post(`/instances/${instanceId}/token`, { overlapSeconds: 86_400 })
  const disabled = await post('/instances', { ...helpDesk(world), name: 'Globex, on hold' })
  await call(world, 'DELETE', `/instances/${disabled.id}/enabled`)
  const failed = await post('/instances', { ...helpDesk(world), name: 'Initech service desk' })
  await world.context.db.pool.query(
    `update instances set state = 'failed', state_reason = 'The vendor refused the password.'
     where id = $1`,
    [failed.id],
  )
  await draft(world, { name: 'Umbrella, waiting for credentials', tags: ['emea'] })
  const firms = ['Stark', 'Wayne', 'Hooli', 'Soylent', 'Tyrell', 'Cyberdyne']
  await seed(world, 150, (at) => ({
    name: `${firms[at % 6]} ${['UK', 'France', 'Japan'][at % 3]} ${at}`,
    tags: [['emea', 'apac'][at % 2]!],
  }))
  await post('/certificates', bodyOf('default.p12', { name: 'Acme at Worldpay', shared: true }))
  await post('/oauth-apps', {
    element: { key: 'klaviyo' },
    name: 'Acme marketing',
    clientId: 'acme-app',
    clientSecret: 'a-secret-of-an-app-and-long-enough',
    shared: true,
  })
  const { key: ownKey } = await post('/elements', tickets('https://tickets.acme.example'))
  await addColleague(world)
  await untilDeliveries(world, webhook, 'delivered', 1)
  await untilDeliveries(world, gone.path, 'dead', 0)
  const owned = resources.move()
  const invite = async () => {
    const { url } = await createSession(world, {
      element: { key: 'connectwisehd' },
      appearance: { name: 'Acme', color: '#2456c8' },
    })
    return url as string
  }
  return {
    world,
    instanceId,
    webhookId,
    ownKey,
    invite,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
