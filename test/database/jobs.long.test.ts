import { expect, test } from 'vitest'
import { openDatabase } from '../../src/database/database.ts'
import { openJobs } from '../../src/database/jobs.ts'
import { createTestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'

test('what a process that died has begun, another does', async () => {
  await using database = await createTestDatabase()
  await using db = openDatabase({ url: database.url, onError() {}, maxConnections: 4 })
  await using jobs = await openJobs(db, { onError() {}, pollingSeconds: 0.5 })
  await jobs.send(db.pool, 'refresh-tokens', { organizationId: 7 })
  // As it is left behind, once the time is over that a job may take.
  await db.pool.query(
    `update jobs.job set state = 'active', started_on = now() - interval '41 s'
     where name = 'refresh-tokens'`,
  )
  const done: number[] = []
  await jobs.work('refresh-tokens', async ({ organizationId }) => {
    done.push(organizationId)
  })
  await until(() => done.length > 0)
  expect(done).toEqual([7])
}, 90_000)
