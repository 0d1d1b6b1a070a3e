import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { identify } from '../../src/access/identify.ts'
import { formatKey } from '../../src/vault/keys-file.ts'
import { retire } from '../../src/vault/retire.ts'
import { rotate } from '../../src/vault/rotate.ts'
import { listGenerations, listKeys } from './generations.ts'
import type { Account, Orders } from './service-process.ts'
import { uncached } from './uncached.ts'
import {
  createWorld,
  giveOrganization,
  kek,
  passwordOf,
  readSecret,
  storeSecret,
  storeSecrets,
  type World,
} from './world.ts'

const [first, second] = [kek('k-1'), kek('k-2')]

describe('a rotation that is killed', () => {
  test('again and again is finished by the next one, with the same keys and nothing lost', async () => {
    await using world = await createWorld()
    const old = await world.vault(first)
    const { organizationId } = await giveOrganization(world.db, old)
    const rows = 20_000
    await storeSecrets(world.db, old, organizationId, rows)

    let resealed = 0
    for (const share of [0.2, 0.5, 0.8]) {
      const running = startKeys(world, 'rotate')
      while (resealed < rows * share) resealed = await countResealed(world)
      running.child.kill('SIGKILL')
      await running.ended
    }
    resealed = await countResealed(world)
    expect(resealed).toBeLessThan(rows)
    expect(await listKeys(world.db, organizationId)).toMatchObject({
      dataKeys: [1, 2],
      peppers: [1, 2],
    })
    // Half-way, either generation of keys reads everything.
    const place = (id: number) => passwordOf(organizationId, id)
    for (const vault of [await world.vault(first), await world.vault(second)]) {
      for (let id = 1; id <= rows; id += 997) {
        expect(await readSecret(world.db, vault, place(id))).toBe(`password ${id}`)
      }
    }

    const { code, out } = await startKeys(world, 'rotate').ended
    expect(code).toBe(0)
    expect(out).toContain('Finished the interrupted rotation')
    expect(out).toContain(`secrets: ${rows + 2} scanned, `)
    expect(await listGenerations(world.db, organizationId)).toEqual({ dataKeys: [2], peppers: [2] })
    await retire(world.db, await world.vault(second), { settledMs: 0 })
    const fresh = await world.vault(second)
    for (let id = 1; id <= rows; id += 97) {
      expect(await readSecret(world.db, fresh, place(id))).toBe(`password ${id}`)
    }
  })
})

describe('while keys turn', () => {
  test('services with the old key, the new key and both read and write without one failure', async () => {
    await using world = await createWorld()
    const old = await world.vault(first)
    const access = await giveOrganization(world.db, old)
    await storeSecrets(world.db, old, access.organizationId, 2_000)
    const orders = (name: string, ...keys: (typeof first)[]): Orders => ({
      url: world.url,
      keys: keys.map(formatKey).join(),
      name,
      ...access,
    })
    const services = [await startService(orders('old', first))]
    services.push(await startService(orders('both', second, first)))

    const vault = await world.vault(second, first)
    await rotate(world.db, vault)
    services.push(await startService(orders('new', second, first)))
    await delay(500)
    await rotate(world.db, vault)
    await delay(500)

    const accounts = await Promise.all(services.map(stopService))
    for (const { errors, rounds } of accounts) {
      expect(errors).toEqual([])
      expect(rounds).toBeGreaterThan(50)
    }
    const retired = await retire(world.db, vault, { settledMs: 0 })
    expect(retired.kekIds).toEqual(['k-1'])
    const fresh = await world.vault(second)
    for (const { written, authorizations } of accounts) {
      for (const { place, plaintext } of written) {
        expect(await readSecret(world.db, fresh, place)).toBe(plaintext)
      }
      for (const header of authorizations)
        await identify({ callers: uncached(world.db), vault: fresh }, header)
    }
  })

  test('secrets that are changed, added and deleted all the while keep their last value', async () => {
    await using world = await createWorld()
    const old = await world.vault(first)
    const { organizationId } = await giveOrganization(world.db, old)
    const rows = 300
    await storeSecrets(world.db, old, organizationId, rows)
    const last = new Map(Array.from({ length: rows }, (_, at) => [at + 1, `password ${at + 1}`]))
    const vault = await world.vault(second, first)

    let working = true
    const writers = [old, old, vault].map(async (writer, lane) => {
      for (let round = 0; working; round++) {
        const id = 1 + lane + 3 * (round % (rows / 3))
        const place = passwordOf(organizationId, id)
        if (round % 5 === 4) {
          await world.db.pool.query('delete from secrets where owner = $1', [place.owner])
          await storeSecret(world.db, writer, place, `added ${round}`)
          last.set(id, `added ${round}`)
          continue
        }
        const { dataKeyId, sealed } = await writer.seal(place, `changed ${round}`)
        await world.db.pool.query(
          'update secrets set data_key_id = $1, sealed = $2 where owner = $3',
          [dataKeyId, sealed, place.owner],
        )
        last.set(id, `changed ${round}`)
      }
      return writer
    })
    const reports = []
    for (let turn = 0; turn < 3; turn++) {
      const options = { batch: 10, settleMs: 0 }
      reports.push(await rotate(world.db, await world.vault(second, first), options))
    }
    working = false
    await Promise.all(writers)

    expect(reports.map((report) => report.secrets.failed)).toEqual([0, 0, 0])
    await retire(world.db, vault, { settledMs: 0 })
    const fresh = await world.vault(second)
    for (const [id, plaintext] of last) {
      expect(await readSecret(world.db, fresh, passwordOf(organizationId, id))).toBe(plaintext)
    }
    expect(await listKeys(world.db, organizationId)).toMatchObject({ dataKeys: [4], keks: ['k-2'] })
  })
})

async function countResealed({ db }: World): Promise<number> {
  const { rows } = await db.pool.query(
    'select count(*)::int as n from secrets where data_key_id > 1',
  )
  return rows[0].n
}

function startKeys(world: World, command: string) {
  const LATCHKEY_KEYS = [second, first].map(formatKey).join()
  const child = spawn(process.execPath, ['src/vault/keys-command.ts', command], {
    env: { DATABASE_URL: world.url, LATCHKEY_KEYS },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  const ended = once(child, 'close').then(([code]) => ({ code, out }))
  return { child, ended }
}

async function startService(orders: Orders): Promise<ChildProcess> {
  const child = fork(new URL('service-process.ts', import.meta.url), { execArgv: [] })
  child.send(orders)
  await once(child, 'message')
  return child
}

async function stopService(child: ChildProcess): Promise<Account> {
  child.send('stop')
  const [account] = await once(child, 'message')
  return account
}
