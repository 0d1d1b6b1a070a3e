import { once } from 'node:events'
import { get as httpGet, type IncomingMessage, type ServerResponse } from 'node:http'
import { expect, test } from 'vitest'
import { listen, openEgress } from './listener.ts'

const piece = 64 * 1024
const all = 16 * 1024 * 1024

test('Bodies that come as fast as they are taken leave others their turn, and come whole', async () => {
  await using vendor = await listen((_request, response) => response.end(Buffer.alloc(all, 'x')))
  await using egress = openEgress()
  let longest = 0
  let inTurn = 0
  await using gateway = await listen(async (_request, response) => {
    countTurns(response)
    const answer = await egress.open({ method: 'GET', url: vendor.origin, headers: {} })
    response.writeHead(answer.status)
    await answer.pipe(response)
  })
  const taken = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const [answer] = (await once(httpGet(gateway.origin), 'response')) as [IncomingMessage]
      let bytes = 0
      for await (const chunk of answer) bytes += (chunk as Buffer).length
      return bytes
    }),
  )
  expect(taken).toEqual(Array(8).fill(all))
  // One goes on, and those that begin or that waited for their client.
  expect(longest).toBeLessThan(8 * piece)

  function countTurns(response: ServerResponse) {
    const write = response.write.bind(response) as (chunk: Buffer) => boolean
    response.write = (chunk: Buffer) => {
      if (inTurn === 0) setImmediate(() => (inTurn = 0))
      inTurn += chunk.length
      longest = Math.max(longest, inTurn)
      return write(chunk)
    }
  }
})
