import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { type Service, startService } from '../support/service.ts'
import { until } from '../support/until.ts'
import { type Reply, startWebServer, type WebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { definitions, provision } from './vendor.ts'

const instances = 12
const answered = 5

let world: World
let server: WebServer
/** How many more the vendor answers; the others wait until it is let go on. */
let left = Number.POSITIVE_INFINITY
const goOn = Promise.withResolvers<void>()

beforeAll(async () => {
  server = await startWebServer(async (): Promise<Reply> => {
    left -= 1
    if (left < 0) await goOn.promise
    return { status: 200 }
  })
  world = await startWorld({ definitions, allow: [new URL(server.url).host] })
  for (let count = 0; count < instances; count += 1)
    await provision(world, { ...server, reply: {} })
})
afterAll(async () => {
  goOn.resolve()
  await world[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const startReplica = () =>
  startService({
    DATABASE_URL: world.databaseUrl,
    LATCHKEY_KEYS: world.keys,
    LATCHKEY_EGRESS_ALLOW: new URL(server.url).host,
  })

const at = (place: { url: string }) => ({ ...world, url: place.url })
const read = async (place: { url: string }, id: number) =>
  (await call(at(place), 'GET', `/instances/verify/${id}`)).body

/** Begins to try all of them there, and reads its lines as they come. */
async function begin(replica: Service) {
  const { authorization } = world
  const answer = await fetch(`${replica.url}/instances/verify`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ all: true }),
  })
  const lines: { type: string; run?: number }[] = []
  const ended = (async () => {
    let text = ''
    for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const whole = text.split('\n')
      text = whole.pop()!
      lines.push(...whole.map((line) => JSON.parse(line)))
    }
  })()
  ended.catch(() => undefined)
  await until(() => lines.length > 0)
  return { run: lines[0]!.run!, lines, ended }
}

test('of verifications whose process was killed, what was done stays, and nobody waits for the rest', async () => {
  const replica = await startReplica()
  left = answered
  const { run, lines, ended } = await begin(replica)
  await until(async () => (await read(world, run)).done === answered)
  const untouched = await begin(replica)
  const before = await read(world, run)
  expect(before).toMatchObject({ state: 'running', count: instances, finishedDate: null })
  const third = await call(world, 'POST', '/instances/verify', { body: { all: true } })
  expect([third.status, third.body.code]).toEqual([429, 'verifications-too-many'])

  expect((await replica.stop('SIGKILL')).signal).toBe('SIGKILL')
  await expect(ended).rejects.toThrow()
  expect(lines.map(({ type }) => type)).not.toContain('finished')

  for (const id of [run, untouched.run]) {
    await until(async () => (await read(world, id)).state !== 'running')
  }
  const interrupted = {
    ...before,
    state: 'interrupted',
    done: answered,
    verdicts: { verified: answered },
  }
  expect(await read(world, run)).toEqual(interrupted)
  expect(interrupted.results).toHaveLength(answered)
  expect(await read(world, untouched.run)).toMatchObject({
    state: 'interrupted',
    done: 0,
    results: [],
  })

  goOn.resolve()
  left = Number.POSITIVE_INFINITY
  await using restarted = await startReplica()
  expect(await read(restarted, run)).toEqual(interrupted)
  const again = await begin(restarted)
  await again.ended
  expect(again.lines.at(-1)).toMatchObject({ type: 'finished', verdicts: { verified: instances } })
  expect(await read(world, again.run)).toMatchObject({ state: 'finished', done: instances })
  expect(await read(world, run)).toEqual(interrupted)
})
