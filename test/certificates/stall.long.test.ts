import { monitorEventLoopDelay } from 'node:perf_hooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { startWorld, type World } from '../support/world.ts'
import { bombs, passphrase } from './bombs.ts'
import { bodyOf, bytesOf } from './fixtures.ts'

const codes = ['certificate-corrupt', 'certificate-too-costly', 'certificate-passphrase-wrong']
const maxStallMs = 50
const deadlineMs = 5_000

let world: World
beforeAll(async () => {
  world = await startWorld()
  // What is compiled and read at first use is no matter of the file.
  for (let times = 0; times < 3; times++) {
    await call(world, 'POST', '/certificates', { body: bodyOf('default.p12') })
    await call(world, 'POST', '/certificates', { body: '{' })
  }
})
afterAll(() => world[Symbol.asyncDispose]())

/** Sends one file after another; answers the longest time that the service stood still. */
async function longestStall(files: Buffer[]): Promise<number> {
  const bodies = files.map((file) =>
    JSON.stringify(bodyOf('default.p12', { pkcs12: file.toString('base64'), passphrase })),
  )
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  for (const body of bodies) {
    const begun = performance.now()
    const answer = await call(world, 'POST', '/certificates', { body })
    expect(codes).toContain(answer.body.code)
    expect(performance.now() - begun).toBeLessThan(deadlineMs + 2_000)
  }
  delay.disable()
  return delay.max / 1e6
}

test('a file that is made to do harm is refused in time, and the service never stands still', async () => {
  expect(await longestStall(bombs.map(({ pkcs12 }) => pkcs12))).toBeLessThan(maxStallMs)
})

test('so is one that is damaged', async () => {
  const bytes = bytesOf('default.p12')
  const damaged = Array.from({ length: 60 }, (_, index) => {
    const copy = Buffer.from(bytes)
    copy[Math.floor((index * bytes.length) / 60)]! ^= 1 << (index % 8)
    return index % 2 === 0 ? copy : copy.subarray(0, copy.length - 1 - index * 40)
  })
  expect(await longestStall(damaged)).toBeLessThan(maxStallMs)
})
