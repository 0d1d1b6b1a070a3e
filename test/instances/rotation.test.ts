import { expect, test } from 'vitest'
import { parseKeys } from '../../src/config.ts'
import { openDatabase } from '../../src/database/database.ts'
import { Keyring } from '../../src/vault/keyring.ts'
import { createKey } from '../../src/vault/keys-file.ts'
import { retire } from '../../src/vault/retire.ts'
import { rotate } from '../../src/vault/rotate.ts'
import { Vault } from '../../src/vault/vault.ts'
import { call, helpDesk } from '../support/client.ts'
import { startWorld } from '../support/world.ts'

test('callers notice nothing when all keys turn, and the old key is not needed afterwards', async () => {
  await using world = await startWorld()
  const headers = { 'idempotency-key': 'before-the-turn' }
  const body = helpDesk(world)
  const created = await call(world, 'POST', '/instances', { body, headers })
  const read = () => call(world, 'GET', `/instances/${created.body.id}`)

  const [newKey, oldKeys] = [createKey(), parseKeys(world.keys)]
  await using db = openDatabase({ url: world.databaseUrl, onError: () => {}, maxConnections: 2 })
  const vault = await Vault.open(db, new Keyring([newKey, ...oldKeys]))
  const report = await rotate(db, vault)
  for (const [kind, least] of [
    ['secrets', 4],
    ['answers', 1],
    ['tokens', 3],
  ] as const) {
    expect([kind, report[kind].failed, report[kind].contended]).toEqual([kind, 0, 0])
    expect(report[kind].resealed).toBeGreaterThanOrEqual(least)
  }

  // The service that runs still holds the old key alone.
  expect((await read()).body).toEqual(created.body)
  expect((await call(world, 'POST', '/instances', { body, headers })).text).toBe(created.text)
  const later = await call(world, 'POST', '/instances', { body })
  expect(later.status).toBe(200)

  await retire(db, vault, { settledMs: 0 })
  const alone = await Vault.open(db, new Keyring([newKey]))
  Object.assign(world.context, { vault: alone })
  expect((await read()).body).toEqual(created.body)
  expect((await call(world, 'GET', `/instances/${later.body.id}`)).body).toEqual(later.body)
  expect((await call(world, 'POST', '/instances', { body, headers })).text).toBe(created.text)
})
