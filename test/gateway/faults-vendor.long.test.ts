import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Listener, listen, listenTcp } from '../egress/listener.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { until } from '../support/until.ts'
import { countsOf, startLoad } from './load.ts'
import { addElement, type Caller, connect, type Processes, startProcesses } from './processes.ts'

const atOnce = 40
const patience = {
  LATCHKEY_CALL_TIMEOUT_SECONDS: '2',
  LATCHKEY_CALL_IDLE_SECONDS: '2',
}

let database: TestDatabase
let processes: Processes
let caller: Caller
let healthy: Listener
let stranger: Listener
let vendor: Listener
let sockets: Socket[] = []
let steady: { url: string; authorization: string }

beforeAll(async () => {
  database = await createTestDatabase()
  processes = await startProcesses(database.url, 1, patience)
  healthy = await listen((_, response) => void response.end('well'))
  stranger = await listen((_, response) => void response.end('stolen'))
  vendor = await listenTcp((socket) => {
    sockets.push(socket)
    socket.setEncoding('latin1').on('data', (text) => {
      const name = /^GET \/([a-z-]+) /.exec(String(text))?.[1]
      if (name) moods[name]!(socket)
    })
  })
  caller = await processes.addOrganization()
  await addElement(caller)
  await addElement(caller, { key: 'patient', gateway: { timeoutSeconds: 6 } })
  const neighbour = await processes.addOrganization()
  await addElement(neighbour)
  const { authorization } = await connect(neighbour, healthy.origin)
  steady = { url: neighbour.url, authorization }
})
afterAll(async () => {
  await processes[Symbol.asyncDispose]()
  for (const one of [healthy, stranger, vendor]) await one[Symbol.asyncDispose]()
  await database.drop()
})

/** Writes again and again, until nobody listens. */
function goOn(socket: Socket, everyMs: number, bytes: string, times = Number.POSITIVE_INFINITY) {
  let count = 0
  const timer = setInterval(() => {
    count += 1
    if (count <= times) socket.write(bytes)
    else clearInterval(timer)
  }, everyMs)
  socket.on('close', () => clearInterval(timer))
}

function flood(socket: Socket) {
  const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`
  const write = () => {
    while (!socket.destroyed && socket.write(piece));
  }
  socket.on('drain', write)
  write()
}

const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'
const moods: Record<string, (socket: Socket) => void> = {
  hang: () => {},
  'drip-head': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx-long: ')
    goOn(socket, 100, 'x')
  },
  'drip-body': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 30\r\n\r\n')
    goOn(socket, 100, 'x', 30)
  },
  'drip-for-ever': (socket) => {
    socket.write(chunked)
    goOn(socket, 100, '1\r\nx\r\n')
  },
  flood: (socket) => {
    socket.write(chunked)
    flood(socket)
  },
  'flood-head': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n')
    goOn(socket, 5, `x-flood: ${'y'.repeat(8_000)}\r\n`)
  },
  reset: (socket) => void socket.resetAndDestroy(),
  close: (socket) => void socket.end(),
  'reset-within': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf', () =>
      setTimeout(() => socket.resetAndDestroy(), 50),
    )
  },
  'stop-within': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf')
  },
  redirect: (socket) => {
    socket.write(
      `HTTP/1.1 302 Found\r\nlocation: ${stranger.origin}/steal\r\ncontent-length: 0\r\n\r\n`,
    )
  },
  garbage: (socket) => void socket.write('\0\x01\x02 what you want to hear\r\n\r\n'),
  slow: (socket) => {
    setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'), 4_000)
  },
}

/** What a client gets: status, our code, whether the body came whole, and how much of it. */
async function get(authorization: string, path: string, most = 1_000_000) {
  const leaving = new AbortController()
  const { signal } = leaving
  const url = `${caller.url}/proxy/${path}`
  const answer = await fetch(url, { headers: { authorization }, redirect: 'manual', signal })
  const code = answer.headers.get('elements-error') ?? undefined
  const { status } = answer
  let size = 0
  try {
    for await (const chunk of answer.body ?? []) {
      size += chunk.length
      if (size >= most) leaving.abort()
    }
    return { status, code, end: 'whole', size }
  } catch {
    return { status, code, end: signal.aborted ? 'left' : 'broken', size: Math.min(size, most) }
  }
}

const cases: [mood: string, how: object, most?: number][] = [
  ['hang', { status: 504, code: 'vendor-late' }],
  ['drip-head', { status: 504, code: 'vendor-late' }],
  ['drip-body', { status: 200, end: 'whole', size: 30 }],
  ['drip-for-ever', { status: 200, end: 'left', size: 25 }, 25],
  ['flood', { status: 200, end: 'left', size: 1_000_000 }],
  ['flood-head', { status: 502, code: 'vendor-unexpected' }],
  ['reset', { status: 502, code: 'vendor-unreachable' }],
  ['close', { status: 502, code: 'vendor-unreachable' }],
  ['reset-within', { status: 200, end: 'broken', size: 4 }],
  ['stop-within', { status: 200, end: 'broken', size: 4 }],
  ['redirect', { status: 302, end: 'whole', size: 0 }],
  ['garbage', { status: 502, code: 'vendor-unexpected' }],
]

describe('a vendor that does what none should, to 40 calls at once', () => {
  test.each(cases)(
    '%s: is told as what it is, and a neighbour notices nothing',
    async (mood, how, most) => {
      sockets = []
      const { authorization } = await connect(caller, vendor.origin)
      const beside = startLoad({ ...steady, path: '/x', callers: 4, restMs: 5, patienceMs: 10_000 })
      const answers = await Promise.all(
        Array.from({ length: atOnce }, () => get(authorization, mood, most)),
      )
      await until(() => beside.ended.length > 100)
      await beside.stop()
      for (const answer of answers) expect(answer).toMatchObject(how)
      expect(Object.keys(countsOf(beside.ended))).toEqual(['200'])
      if (mood !== 'redirect') {
        await until(() => sockets.every((socket) => socket.destroyed || socket.readableEnded))
      }
      await until(async () => (await inFlight()) === 0)
      expect(stranger.connections).toBe(0)
      expect(processes.ended).toEqual([])
    },
  )
})

test('a vendor that hangs is left alone after a while, and the neighbour is not', async () => {
  const { authorization } = await connect(caller, vendor.origin)
  const beside = startLoad({ ...steady, path: '/x', callers: 4, restMs: 5, patienceMs: 10_000 })
  const first = await Promise.all(Array.from({ length: 5 }, () => get(authorization, 'hang')))
  expect(new Set(first.map(({ code }) => code))).toEqual(new Set(['vendor-late']))
  const next = await Promise.all(Array.from({ length: 20 }, () => get(authorization, 'hang')))
  expect(new Set(next.map(({ status, code }) => `${status} ${code}`))).toEqual(
    new Set(['503 vendor-suspended']),
  )
  await beside.stop()
  expect(Object.keys(countsOf(beside.ended))).toEqual(['200'])
})

test('a vendor whose element says that it takes long gets the time, and others do not', async () => {
  const usual = await connect(caller, vendor.origin)
  const patient = await connect(caller, vendor.origin, {}, 'patient')
  const [late, whole] = await Promise.all(
    [usual, patient].map(({ authorization }) => get(authorization, 'slow')),
  )
  expect(late).toMatchObject({ status: 504, code: 'vendor-late' })
  expect(whole).toMatchObject({ status: 200, end: 'whole', size: 2 })
})

async function inFlight(): Promise<number> {
  const text = await (await fetch(`${caller.url}/metrics`)).text()
  return Number(/^latchkey_gateway_calls_in_flight(?:\{[^}]*\})? (\d+)$/m.exec(text)![1])
}
