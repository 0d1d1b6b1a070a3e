import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { rotate } from '../../src/vault/rotate.ts'
import { password } from '../gateway/scene.ts'
import { instanceOf } from '../gateway/through.ts'
import { call } from '../support/client.ts'
import { startWebServer } from '../support/web-server.ts'
import { startWorld, type World } from '../support/world.ts'
import { definitions } from './elements.ts'
import { later, look, secretsOf, whenIn } from './scene.ts'

const common = { definitions, allow: ['127.0.0.1'] }
const kek = (id: string) => `${id}:${randomBytes(32).toString('base64')}`

test('what waits while the keys are turned is sent by whoever has the new ones alone', async () => {
  await using vendor = await startWebServer(() => ({ body: { heard: true } }))
  const [first, second] = [kek('k-1'), kek('k-2')]
  // No jobs are done there: what it takes waits.
  await using old = await startWorld({ ...common, keys: first })
  const { databaseUrl } = old
  const configuration = { server: vendor.url, user: 'someone', secret: password }
  const instance = await instanceOf(old, 'plain', configuration)
  const { kept } = await later(old, instance, 'POST', '/turned', { body: 'hidden' })
  expect(await secretsOf(old, kept.id)).toEqual(['request'])
  {
    await using both = await startWorld({ ...common, databaseUrl, keys: `${second},${first}` })
    const { db, vault } = both.context
    expect(await rotate(db, vault, { settleMs: 0, batch: 3 })).toMatchObject({ left: 0 })
  }
  await using young = await startWorld({ ...common, databaseUrl, keys: second, jobs: true })
  const seenBy: World = { ...young, authorization: old.authorization }
  const done = await whenIn(seenBy, kept.id, 'done', 'failed')
  expect([done.state, done.answer?.body]).toEqual(['done', '{"heard":true}'])
  const sent = vendor.received.filter(({ path }) => path === '/turned')
  expect(sent.map(({ body }) => body)).toEqual(['hidden'])
  expect(await secretsOf(young, kept.id)).toEqual(['answer'])
  await call(seenBy, 'DELETE', `/instances/${instance.id}`)
  expect((await look(seenBy, kept.id)).state).toBe('done')
})
