import { once } from 'node:events'
import { get as httpGet, type IncomingMessage, type ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { listen, openEgress } from './listener.ts'

const longestRun = 256 * 1024
/** A piece that is under way when enough was handed over. */
const piece = 64 * 1024
const all = 32 * 1024 * 1024

test('A body that comes as fast as it is taken leaves others their turn, and comes whole', async () => {
  await using vendor = await listen((_request, response) => response.end(Buffer.alloc(all, 'x')))
  await using egress = openEgress()
  let longest = 0
  let handed = 0
  await using gateway = await listen(async (_request, response) => {
    countTurns(response)
    const answer = await egress.open({ method: 'GET', url: vendor.origin, headers: {} })
    response.writeHead(answer.status)
    await answer.pipe(response)
  })
  const [answer] = (await once(httpGet(gateway.origin), 'response')) as [IncomingMessage]
  let taken = 0
  for await (const chunk of answer) taken += (chunk as Buffer).length
  expect(taken).toBe(all)
  expect(handed).toBe(all)
  expect(longest).toBeLessThan(longestRun + piece)

  function countTurns(response: ServerResponse) {
    let inTurn = 0
    const write = response.write.bind(response) as (chunk: Buffer) => boolean
    response.write = (chunk: Buffer) => {
      if (inTurn === 0) setImmediate(() => (inTurn = 0))
      inTurn += chunk.length
      handed += chunk.length
      longest = Math.max(longest, inTurn)
      return write(chunk)
    }
  }
})
