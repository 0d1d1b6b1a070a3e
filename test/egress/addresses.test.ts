import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Egress } from '../../src/egress/client.ts'
import { createEgress } from '../../src/egress/client.ts'
import { failureOf, get, type Listener, listen } from './listener.ts'
import { type ConnectProxy, startProxy } from './proxy.ts'

// Ways to write addresses that lead inward, by resolvers, URL parsers and socket calls of all kinds.
const inward = [
  '127.0.0.1',
  '127.0.0.1.',
  '127.1',
  '127.0.1',
  '127.1.',
  '127.000.000.001',
  '0177.0.0.1',
  '0177.0.0.01',
  '017700000001',
  '0x7f.1',
  '0x7f.0.0.1',
  '0x7f000001',
  '0X7F.0X0.0X0.0X1',
  '2130706433',
  '127.65281',
  '127.255.255.254',
  '127.0.0.2',
  '%31%32%37.0.0.1',
  '127%2e0%2e0%2e1',
  '①②⑦.⓪.⓪.①',
  '127。0。0。1',
  '１２７．１',
  '0',
  '0.0.0.0',
  '0x0',
  '00.0',
  '0.0.0.1',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'loc%61lhost',
  'ⓛocalhost',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::0001]',
  '[::]',
  '[::127.0.0.1]',
  '[::7f00:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[0:0:0:0:0:ffff:7f00:0001]',
  '[::ffff:0:7f00:1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2002:7f00:1::1]',
  '[2001:0:7f00:1::]',
  '[2001:0:4136:e378:8000:63bf:80ff:fffe]',
  '[::ffff:a9fe:a9fe]',
  '[fe80::1]',
  '[fec0::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[ff02::1]',
  '[100::1]',
  '[5f00::1]',
  '[2001:db8::1]',
  '[::ffff:0.0.0.0]',
  '[::a00:1]',
  '10.0.0.1',
  '10.1',
  '012.0.0.1',
  '167772161',
  '172.16.0.1',
  '192.168.1.1',
  '0xc0.0xa8.1.1',
  '3232235777',
  '100.64.0.1',
  '100.100.100.200',
  '169.254.169.254',
  '169.254.43518',
  '0xa9fea9fe',
  '2852039166',
  '0251.0376.0251.0376',
  '169.254.170.2',
  '168.63.129.16',
  '0xa83f8110',
  '192.0.0.192',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
]

// Ways to smuggle such an address past whoever reads only a part of the URL.
const dressedUp = [
  'https://1.1.1.1 &@127.0.0.1# @2.2.2.2/',
  'https://vendor.example@127.0.0.1/',
  'https://127.0.0.1@vendor.example/',
  'https://vendor.example:443@127.0.0.1/',
  'https://:secret@127.0.0.1/',
  'https:127.0.0.1/',
  'https:///127.0.0.1/',
  'https:\\\\127.0.0.1\\',
  'https://127.0.0.1\\@vendor.example/',
  'https://127.0.0.1#@vendor.example/',
  'https://127.0.0.1?@vendor.example/',
  'https://127.0.0.1:8443/',
  'ht\ntps://127.0.0.1/',
  '  https://127.0.0.1/',
  'https://1\t27.0.0.1/',
  'http://127.0.0.1:443/',
  'ftp://127.0.0.1/',
  'ws://127.0.0.1/',
  'wss://127.0.0.1/',
  'file:///etc/passwd',
  'gopher://127.0.0.1/',
  'data:text/plain,hello',
  'blob:https://127.0.0.1/0',
  'javascript:0',
  'unix:/run/docker.sock',
]

// Not even a URL; listed so that a parser that starts to take them is noticed.
const unreadable = [
  'https://[fe80::1%25lo]/',
  'https://[::1%25lo]/',
  'https://[::1%lo]/',
  'https://127.0.0.0.1/',
  'https://0x7f.0x0.0x0.0x100/',
  'https://256.0.0.1/',
  'https://[::127.1]/',
  'https://127.0.0.1:99999/',
  'https://127.0.0.1:443:80/',
  'https://127..0.1/',
]

describe('an address that leads inward', () => {
  let internal: Listener
  let proxy: ConnectProxy
  let direct: Egress
  let proxied: Egress

  beforeAll(async () => {
    // On every address of this machine, IPv4 and IPv6.
    internal = await listen((_request, response) => response.end('internal'), '')
    // Whatever it is asked for, this proxy leads to the internal listener.
    proxy = await startProxy(() => internal.port)
    direct = createEgress({ allow: [] })
    proxied = createEgress({ allow: [], proxy: proxy.url })
  })

  afterAll(async () => {
    for (const one of [direct, proxied, proxy, internal]) await one[Symbol.asyncDispose]()
  })

  test.each(inward)('%s is reached on no port, by no scheme', async (host) => {
    for (const url of [`http://${host}:${internal.port}/`, `https://${host}:${internal.port}/`]) {
      expect((await failureOf(get(direct, url))).kind).toBe('forbidden')
    }
    for (const url of [`https://${host}/`, `https://${host}:8443/`, `http://${host}/`]) {
      expect((await failureOf(get(proxied, url))).kind).toBe('forbidden')
    }
    expect([internal.connections, proxy.asked]).toEqual([0, []])
  })

  test.each(dressedUp)('%s is not reached', async (url) => {
    expect((await failureOf(get(direct, url))).kind).toBe('forbidden')
    expect((await failureOf(get(proxied, url))).kind).toBe('forbidden')
    expect([internal.connections, proxy.asked]).toEqual([0, []])
  })

  test.each(unreadable)('%s is no URL', (url) => {
    expect(URL.canParse(url)).toBe(false)
  })

  test('is reached by a client without a policy, and a public one by ours', async () => {
    for (const host of ['2130706433', '0x7f.1', '127.1', '0']) {
      await (await request(`http://${host}:${internal.port}/`, { reset: true })).body.dump()
    }
    expect(internal.connections).toBe(4)
    await failureOf(get(proxied, 'https://8.8.8.8/'))
    expect(proxy.asked).toEqual(['8.8.8.8:443'])
  })
})
