import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { until } from '../support/until.ts'
import { startWorld, type World } from '../support/world.ts'
import { definitions } from './scene.ts'
import { through } from './through.ts'
import { type GatewayVendor, startGatewayVendor } from './types-vendor.ts'

let vendor: GatewayVendor
let world: World
beforeAll(async () => {
  vendor = await startGatewayVendor()
  world = await startWorld({ definitions, allow: ['127.0.0.1'] })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await vendor[Symbol.asyncDispose]()
})
beforeEach(() => {
  vendor.received.splice(0)
})

const change = async (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: object) => {
  const answer = await call(world, method, path, { body })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.body
}
const hourly = (amount: number) => ({
  name: 'Shared',
  shared: true,
  windows: [{ amount, unit: 'hour' }],
})

/** An instance of a colleague's, of whose limit nothing is left, and a call that waits for it. */
async function waitingCall() {
  const limit = await change('POST', '/rate-limits', hourly(1))
  const colleague = await addColleague(world)
  const made = await call(world, 'POST', '/instances', {
    authorization: colleague.authorization,
    body: {
      element: { key: 'open' },
      name: 'N',
      configuration: { server: vendor.url, user: 'u', secret: 's' },
      settings: { rateLimitId: limit.id },
    },
  })
  if (made.status !== 200) throw new Error(made.text)
  const { id, token } = made.body
  const caller = { authorization: `${colleague.authorization}, Element ${token}` }
  expect((await through(world, caller, 'GET', '/first')).status).toBe(200)
  const answer = through(world, caller, 'GET', '/waited')
  const { limiter } = world.context
  await until(() => limiter.waitingOf(world.organizationId, id) === 1)
  // What was looked at a moment ago is not looked at again.
  const since = performance.now()
  await until(() => performance.now() - since > 1_000)
  const letThrough = async () => {
    await change('PUT', `/rate-limits/${limit.id}`, hourly(100))
    return answer
  }
  return { id: id as number, ...colleague, letThrough }
}

type Waiting = Awaited<ReturnType<typeof waitingCall>>

describe('a call that waits for its turn is not sent any more when it comes', () => {
  const changes: [string, string, (waiting: Waiting) => Promise<unknown>][] = [
    [
      'the instance is disabled',
      'instance-disabled',
      ({ id }) => change('DELETE', `/instances/${id}/enabled`),
    ],
    [
      'the instance is deleted',
      'element-unknown',
      ({ id }) => change('DELETE', `/instances/${id}`),
    ],
    [
      'its user is deactivated',
      'user-unknown',
      ({ userId }) => change('PATCH', `/users/${userId}`, { active: false }),
    ],
    [
      'the instance is somebody else’s',
      'element-unknown',
      async ({ id }) => {
        const { userId } = await addColleague(world)
        return change('PUT', `/instances/${id}/owner`, { user: userId })
      },
    ],
    [
      'the secret of its user has ended',
      'user-unknown',
      ({ userId }) => change('POST', `/users/${userId}/secret`, { overlapSeconds: 0 }),
    ],
  ]

  test.each(changes)('where %s', async (_, code, make) => {
    const waiting = await waitingCall()
    await make(waiting)
    expect((await waiting.letThrough()).code).toBe(code)
    expect(vendor.received.map(({ target }) => target)).toEqual(['/first'])
  })
})

test('a call that waits for its turn is sent when it comes, where nothing else has changed', async () => {
  const waiting = await waitingCall()
  expect((await waiting.letThrough()).status).toBe(200)
  expect(vendor.received.map(({ target }) => target)).toEqual(['/first', '/waited'])
})
