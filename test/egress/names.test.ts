import { expect, test } from 'vitest'
import { createEgress } from '../../src/egress/client.ts'
import { startNameServer } from '../support/name-server.ts'
import { failureOf, get, listen } from './listener.ts'
import { startProxy } from './proxy.ts'

const publicAddress = '93.184.215.14'
const publicAddress6 = '2606:2800:21f:cb07:6820:80da:af6b:8b2c'

test('a name that leads inward is refused, and its address is not told', async () => {
  await using names = await startNameServer(() => ['10.20.30.40'])
  await using egress = createEgress({ allow: [], resolve: names.resolve })
  const failure = await failureOf(get(egress, 'https://intranet.example/'))
  expect(failure.kind).toBe('forbidden')
  expect(failure.message).toMatch(/^intranet\.example leads to an address that is not public/)
  expect(failure.message).not.toContain('10.20')
})

test.each([
  { addresses: [publicAddress, '127.0.0.1'] },
  { addresses: [publicAddress, publicAddress6, '169.254.169.254'] },
  { addresses: [publicAddress, '::1'] },
  { addresses: [publicAddress6, 'fd00:ec2::254'] },
  { addresses: [publicAddress, '::ffff:10.0.0.1'] },
])('one bad address among $addresses refuses the host', async ({ addresses }) => {
  await using names = await startNameServer(() => addresses)
  await using proxy = await startProxy(() => 'HTTP/1.1 403 No\r\n\r\n')
  await using egress = createEgress({ allow: [], resolve: names.resolve, proxy: proxy.url })
  const failure = await failureOf(get(egress, 'https://mixed.example/'))
  expect(failure.kind).toBe('forbidden')
  expect(proxy.asked).toEqual([])
})

test('a name that changes its address between two questions is asked once for a connection', async () => {
  await using allowed = await listen((_request, response) => response.end('allowed'), '127.0.0.2')
  await using internal = await listen(
    (_, response) => response.end('no'),
    '127.0.0.1',
    allowed.port,
  )
  await using names = await startNameServer((_name, count) => [
    count === 0 ? '127.0.0.2' : '127.0.0.1',
  ])
  await using egress = createEgress({ allow: ['127.0.0.2'], resolve: names.resolve })
  const url = `http://rebinding.example:${allowed.port}/`

  expect(String((await get(egress, url)).body)).toBe('allowed')
  expect(names.asked('rebinding.example')).toBe(1)
  expect(names.asked('rebinding.example', 'AAAA')).toBe(1)

  await using second = createEgress({ allow: ['127.0.0.2'], resolve: names.resolve })
  expect((await failureOf(get(second, url))).kind).toBe('forbidden')
  expect(allowed.connections).toBe(1)
  expect(internal.connections).toBe(0)
})

test('a name that changes to a bad address is refused as soon as a new connection is needed', async () => {
  await using allowed = await listen(
    (_request, response) => response.setHeader('connection', 'close').end('allowed'),
    '127.0.0.2',
  )
  await using names = await startNameServer((_name, count) => [
    count === 0 ? '127.0.0.2' : '127.0.0.1',
  ])
  await using egress = createEgress({ allow: ['127.0.0.2'], resolve: names.resolve })
  const url = `http://rebinding.example:${allowed.port}/`
  expect((await get(egress, url)).status).toBe(200)
  expect((await failureOf(get(egress, url))).kind).toBe('forbidden')
})

test('a name without an address is a failure of the name', async () => {
  await using names = await startNameServer(() => [])
  await using egress = createEgress({ allow: [], resolve: names.resolve })
  const failure = await failureOf(get(egress, 'https://misspelt.example/'))
  expect(failure).toMatchObject({ kind: 'name', code: 'ENOTFOUND' })
  expect(failure.message).toBe(
    "No address is known for misspelt.example. Check the host's spelling.",
  )
})

test('so is a name that the system does not know', async () => {
  await using egress = createEgress({ allow: [] })
  expect((await failureOf(get(egress, 'https://nowhere.invalid/'))).kind).toBe('name')
})

test('a name server that keeps silent ends with the time for a connection', async () => {
  await using names = await startNameServer(() => 'silence')
  await using egress = createEgress({ allow: [], resolve: names.resolve, connectTimeoutMs: 200 })
  const failure = await failureOf(get(egress, 'https://silent.example/'))
  expect(failure).toMatchObject({ kind: 'name', code: 'ETIMEDOUT' })
})

test('a public name is connected to at the address that was judged', async () => {
  await using names = await startNameServer(() => [publicAddress])
  await using proxy = await startProxy(() => 'HTTP/1.1 403 No\r\n\r\n')
  await using egress = createEgress({ allow: [], resolve: names.resolve, proxy: proxy.url })
  await failureOf(get(egress, 'https://vendor.example/'))
  expect(proxy.asked).toEqual([`${publicAddress}:443`])
})

test('where one address of a host refuses, the next is tried', async () => {
  await using server = await listen((_request, response) => response.end('here'), '127.0.0.2')
  await using names = await startNameServer(() => ['127.0.0.3', '127.0.0.2'])
  await using egress = createEgress({ allow: ['127.0.0.0/8'], resolve: names.resolve })
  expect(String((await get(egress, `http://two.example:${server.port}/`)).body)).toBe('here')
})

test('a host that is allowed by name may lead inward', async () => {
  await using server = await listen((_request, response) => response.end('inside'))
  await using names = await startNameServer(() => ['127.0.0.1'])
  const allow = [`intranet.example:${server.port}`]
  await using egress = createEgress({ allow, resolve: names.resolve })
  expect(String((await get(egress, `http://intranet.example:${server.port}/`)).body)).toBe('inside')
  const other = await failureOf(get(egress, `http://other.example:${server.port}/`))
  expect(other.kind).toBe('forbidden')
  expect(names.asked('other.example')).toBe(0)
})

test('an address that is allowed needs no name server', async () => {
  await using server = await listen((_request, response) => response.end('inside'))
  await using names = await startNameServer(() => 'silence')
  await using egress = createEgress({ allow: [`127.0.0.1:${server.port}`], resolve: names.resolve })
  expect((await get(egress, server.origin)).status).toBe(200)
})
