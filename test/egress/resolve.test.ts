import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createResolve, type ResolveOptions } from '../../src/egress/resolve.ts'
import { temporaryFolder } from '../support/folder.ts'
import { startNameServer, type Zone } from '../support/name-server.ts'
import { get, listen, openEgress } from './listener.ts'

const four = (address: string) => ({ address, family: 4 })
const six = (address: string) => ({ address, family: 6 })

/** A resolver with files of its own and a name server that knows this zone. */
async function world(zone: Zone, files: { hosts?: string; resolv?: string } = {}) {
  const resources = new AsyncDisposableStack()
  const names = resources.use(await startNameServer(zone))
  const folder = resources.use(await temporaryFolder())
  const [hostsFile, resolvFile] = [join(folder.path, 'hosts'), join(folder.path, 'resolv.conf')]
  await writeFile(hostsFile, files.hosts ?? '')
  await writeFile(resolvFile, files.resolv ?? '')
  const options = { servers: [names.server], hostsFile, resolvFile } satisfies ResolveOptions
  const resolve = createResolve(options)
  return {
    names,
    hostsFile,
    ask: (host: string, signal = AbortSignal.timeout(5_000)) => resolve(host, signal),
    resolve,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

test('a zone whose name server keeps silent holds up no other host', async () => {
  await using server = await listen((_request, response) => response.end('here'))
  await using here = await world((name) => (/silent/.test(name) ? 'silence' : ['127.0.0.1']))
  await using egress = openEgress({ resolve: here.resolve })
  const hanging = Array.from({ length: 40 }, (_, at) =>
    get(egress, `https://host${at}.silent.example/`).catch(() => 'failed'),
  )
  await expect.poll(() => here.names.asked('host39.silent.example')).toBeGreaterThan(0)
  const began = performance.now()
  const answer = await get(egress, `http://prompt.example:${server.port}/`)
  expect(String(answer.body)).toBe('here')
  expect(performance.now() - began).toBeLessThan(500)
  await egress[Symbol.asyncDispose]()
  expect(new Set(await Promise.all(hanging))).toEqual(new Set(['failed']))
})

test('a look-up that is given up ends at once, and asks no more', async () => {
  await using here = await world(() => 'silence', { resolv: 'search corp.example' })
  const began = performance.now()
  const given = new AbortController()
  const asking = here.ask('vendor.example', given.signal)
  await expect.poll(() => here.names.asked('vendor.example', 'AAAA')).toBe(1)
  given.abort(new Error('enough'))
  await expect(asking).rejects.toThrow('enough')
  expect(performance.now() - began).toBeLessThan(900)
  expect(here.names.asked('vendor.example.corp.example')).toBe(0)
})

test('every address of both families is found', async () => {
  const addresses = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2']
  await using here = await world(() => addresses)
  expect((await here.ask('vendor.example')).map(({ address }) => address).sort()).toEqual(addresses)
})

test.each([
  { addresses: ['192.0.2.1'], found: four('192.0.2.1') },
  { addresses: ['2001:db8::1'], found: six('2001:db8::1') },
])('a host with $addresses only is found', async ({ addresses, found }) => {
  await using here = await world(() => addresses)
  expect(await here.ask('vendor.example')).toEqual([found])
})

test.each([
  ['vendor.example', 'ENOTFOUND'],
  ['vendor..example', 'EBADNAME'],
])('%s, which nobody knows, is %s', async (host, code) => {
  await using here = await world(() => [])
  await expect(here.ask(host)).rejects.toMatchObject({ code })
})

test('the hosts file goes before the name server, and a change of it counts at once', async () => {
  const hosts = '# 192.0.2.9 crm\n192.0.2.1 CRM crm.corp # ours\n2001:db8::1\tcrm\nnonsense crm\n'
  await using here = await world(() => ['192.0.2.99'], { hosts })
  expect(await here.ask('crm')).toEqual([four('192.0.2.1'), six('2001:db8::1')])
  expect(await here.ask('Crm.Corp')).toEqual([four('192.0.2.1')])
  expect(here.names.asked('crm')).toBe(0)
  await writeFile(here.hostsFile, '192.0.2.77 crm')
  expect(await here.ask('crm')).toEqual([four('192.0.2.77')])
})

test('localhost is this machine', async () => {
  const found = await createResolve()('localhost', AbortSignal.timeout(5_000))
  expect(found).toContainEqual(four('127.0.0.1'))
})

const search = '# search old.example\nnameserver 127.0.0.1\nsearch a.example b.example. ; both\n'

test('a name without a dot is searched for in the domains of resolv.conf first', async () => {
  await using here = await world((name) => (name === 'crm.b.example' ? ['192.0.2.1'] : []), {
    resolv: search,
  })
  expect(await here.ask('crm')).toEqual([four('192.0.2.1')])
  expect(here.names.asked('crm.a.example')).toBe(1)
  expect(here.names.asked('crm')).toBe(0)
})

test('and is then asked for as it is', async () => {
  await using here = await world((name) => (name === 'crm' ? ['192.0.2.1'] : []), {
    resolv: search,
  })
  expect(await here.ask('crm')).toEqual([four('192.0.2.1')])
})

test('a name with a dot is asked for as it is, and searched for only where nobody knows it', async () => {
  await using here = await world(
    (name) => (['crm.team', 'crm.team.b.example'].includes(name) ? ['192.0.2.1'] : []),
    { resolv: search },
  )
  expect(await here.ask('crm.team')).toEqual([four('192.0.2.1')])
  expect(here.names.asked('crm.team.a.example')).toBe(0)
  await using other = await world((name) => (/team.b.example$/.test(name) ? ['192.0.2.2'] : []), {
    resolv: search,
  })
  expect(await other.ask('crm.team')).toEqual([four('192.0.2.2')])
})
