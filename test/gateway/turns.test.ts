import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { expect, test } from 'vitest'
import { Turns } from '../../src/egress/turns.ts'
import { Upload } from '../../src/gateway/upload.ts'
import { listen } from '../egress/listener.ts'

const piece = 64 * 1024
const all = 16 * 1024 * 1024

test('Bodies that clients send as fast as they can leave others their turn, and go whole', async () => {
  const turns = new Turns()
  let inTurn = 0
  let longest = 0
  await using gateway = await listen(async (request, response) => {
    let bytes = 0
    for await (const chunk of new Upload(request, turns, () => {}).on('data', count)) {
      bytes += (chunk as Buffer).length
    }
    response.end(String(bytes))
  })
  const taken = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const sent = httpRequest(gateway.origin, { method: 'POST' })
      sent.end(Buffer.alloc(all, 'x'))
      const [answer] = await once(sent, 'response')
      return Number((await answer.toArray()).join(''))
    }),
  )
  expect(taken).toEqual(Array(8).fill(all))
  // One goes on, and those that begin or that nobody took any of before.
  expect(longest).toBeLessThan(8 * piece)

  function count(chunk: Buffer) {
    if (inTurn === 0) setImmediate(() => (inTurn = 0))
    inTurn += chunk.length
    longest = Math.max(longest, inTurn)
  }
})
