import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Refusal } from '../../src/http/errors.ts'
import { Probes } from './probes.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const busy = (result: Promise<unknown>) =>
  result.then(
    () => 'ran',
    (error: Refusal) => error.code,
  )

test('a host that is busy for two seconds refuses, and says when to come back', async () => {
  const probes = new Probes()
  for (let at = 0; at < 5; at += 1) probes.run(`${at}`, at, 'slow')
  const sixth = probes.run('sixth', 6, 'slow')
  await vi.advanceTimersByTimeAsync(1_999)
  expect(await Promise.race([busy(sixth), turn('waits')])).toBe('waits')
  await vi.advanceTimersByTimeAsync(1)
  const refusal = await sixth.catch((error) => error)
  expect(refusal).toBeInstanceOf(Refusal)
  expect(refusal.code).toBe('probes-busy')
  expect(refusal.details.retryAfter).toBe(5)
  await probes.endAll()
  expect(probes.started).not.toContain('sixth')
})

test('an organization that is busy refuses, whatever the hosts', async () => {
  const probes = new Probes()
  for (let at = 0; at < 20; at += 1) probes.run(`${at}`, 1, `host${at}`)
  const next = busy(probes.run('next', 1, 'another'))
  const other = probes.run('other', 2, 'another')
  await vi.advanceTimersByTimeAsync(2_000)
  expect(await next).toBe('probes-busy')
  expect(probes.running).toHaveLength(21)
  await probes.endAll()
  expect(await other).toBe('other')
})

test('waiting for the organization and for the host is two seconds together', async () => {
  const probes = new Probes()
  for (let at = 0; at < 20; at += 1) probes.run(`${at}`, 1, `host${at}`)
  for (let at = 0; at < 5; at += 1) probes.run(`slow${at}`, 2, 'slow')
  const next = busy(probes.run('next', 1, 'slow'))
  await vi.advanceTimersByTimeAsync(1_500)
  await probes.end()
  await vi.advanceTimersByTimeAsync(500)
  expect(await next).toBe('probes-busy')
  expect(probes.started).not.toContain('next')
  await probes.endAll()
})

test('no more than 5 run at a host and 20 for an organization, and all get their turn', async () => {
  const probes = new Probes()
  const results: Promise<string>[] = []
  for (let at = 0; at < 100; at += 1) results.push(probes.run(`${at}`, 1, `host${at % 3}`))
  await turn()
  expect(probes.running).toHaveLength(15)
  await probes.endAll()
  expect(await Promise.all(results)).toHaveLength(100)
  expect(probes.most).toBe(15)

  const many = new Probes()
  for (let at = 0; at < 100; at += 1) many.run(`${at}`, 1, `host${at}`)
  await many.endAll()
  expect([many.most, many.started.length]).toEqual([20, 100])
})

test('whoever came first starts first', async () => {
  const probes = new Probes()
  for (let at = 0; at < 12; at += 1) probes.run(`${at}`, at, 'host')
  await probes.endAll()
  expect(probes.started).toEqual(Array.from({ length: 12 }, (_, at) => `${at}`))
})

test('a newcomer does not pass those who wait', async () => {
  const probes = new Probes()
  for (let at = 0; at < 6; at += 1) probes.run(`${at}`, at, 'host')
  const { end } = probes.running.shift()!
  end.resolve('0')
  probes.run('newcomer', 7, 'host')
  await probes.endAll()
  expect(probes.started.at(-1)).toBe('newcomer')
})

test('a probe that fails, at once or later, frees its place', async () => {
  const probes = new Probes()
  const results = Array.from({ length: 6 }, (_, at) => probes.run(`${at}`, 1, 'host'))
  await probes.end('badly')
  await expect(results[0]).rejects.toThrow('0 failed')
  expect(probes.running.map(({ name }) => name)).toContain('5')
  await probes.endAll()

  const throwing = () => {
    throw new Error('at once')
  }
  for (let at = 0; at < 50; at += 1) {
    await expect(probes.admission.run(1, (admit) => admit('host', throwing))).rejects.toThrow(
      'at once',
    )
  }
  expect(await probes.admission.run(1, (admit) => admit('host', async () => 'ran'))).toBe('ran')
})

test('who gave up waiting leaves no trace in the line', async () => {
  const probes = new Probes()
  for (let at = 0; at < 5; at += 1) probes.run(`${at}`, at, 'host')
  const waiting = Array.from({ length: 20 }, (_, at) => busy(probes.run(`late${at}`, 1, 'host')))
  await vi.advanceTimersByTimeAsync(2_100)
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['probes-busy']))
  const next = probes.run('next', 1, 'host')
  await probes.endAll()
  expect(await next).toBe('next')
})
