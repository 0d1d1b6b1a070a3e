import { describe, expect, test } from 'vitest'
import { createPolicy } from '../../src/egress/policy.ts'

const destination = { protocol: 'https:', hostname: 'vendor.example', port: 443 }

function judge(allow: string[], url: string) {
  return createPolicy(allow).judgeUrl(new URL(url))?.reason ?? 'allowed'
}

function judgeResolved(address: string, allow: string[] = [], to = destination) {
  const judged = createPolicy(allow).judgeAddress(to, address)
  return 'reason' in judged ? judged.reason : judged.address
}

describe('resolved addresses', () => {
  test.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '169.254.170.2',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.0.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.250',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::8.8.8.8',
    '::ffff:127.0.0.1',
    '::ffff:a9fe:a9fe',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::808:808',
    '64:ff9b:1::7f00:1',
    '100::1',
    '2001::1',
    '2001:0:7f00:1::',
    '2001:2::1',
    '2001:10::1',
    '2001:20::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2002:808:808::',
    '3fff::1',
    '4000::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%lo',
    'fec0::1',
    'ff02::1',
    '2606:4700::1111%lo',
    'not an address',
    '',
  ])('%s is refused', (address) => {
    expect(judgeResolved(address)).toMatch(/not public|can't be read/)
  })

  test('a refused address of a name is not told', () => {
    expect(judgeResolved('10.20.30.40')).not.toContain('10.20.30.40')
  })

  test.each([
    ['8.8.8.8', '8.8.8.8'],
    ['172.32.0.1', '172.32.0.1'],
    ['::ffff:8.8.8.8', '8.8.8.8'],
    ['0x08080808', '8.8.8.8'],
    ['2606:4700:4700::1111', '2606:4700:4700::1111'],
    ['2A00:1450:0:0:0:0:0:1', '2a00:1450::1'],
  ])('%s is public, and connected to as %s', (address, plain) => {
    expect(judgeResolved(address)).toBe(plain)
  })
})

describe('addresses in the URL', () => {
  test.each([
    ['ftp://vendor.example/', /Only https/],
    ['file:///etc/passwd', /Only https/],
    ['https://user@vendor.example/', /user name or password/],
    ['https://user:secret@vendor.example/', /user name or password/],
    ['http://vendor.example/', /Plain http/],
    ['https://vendor.example:22/', /Port 22/],
    ['https://vendor.example:80/', /Port 80/],
    ['https://8.8.8.8:6379/', /Port 6379/],
    ['https://127.0.0.1/', /not a public address/],
    ['https://127.0.0.1./', /not a public address/],
    ['https://[::1]/', /not a public address/],
    ['http://10.0.0.1/', /not a public address/],
  ])('%s is refused', (url, reason) => {
    expect(judge([], url)).toMatch(reason)
  })

  test('a refusal repeats neither password nor query', () => {
    const reason = judge([], 'https://user:secret@vendor.example/?key=secret')
    expect(reason).not.toContain('secret')
  })

  test.each(['https://vendor.example/', 'https://vendor.example:8443/v1?a=b', 'https://8.8.8.8/'])(
    '%s is allowed',
    (url) => {
      expect(judge([], url)).toBe('allowed')
    },
  )
})

describe('the allow-list', () => {
  test.each([
    '',
    '*',
    '*.example.com',
    'https://vendor.example',
    'vendor.example/path',
    'user@vendor.example',
    'vendor.example:0',
    'vendor.example:65536',
    'vendor.example:http',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '127.1',
    '0x7f000001',
    '2130706433',
    '[::1',
    '[vendor.example]',
    '10.0.0.0/8:443',
    'a b',
  ])('refuses the entry "%s", naming it', (entry) => {
    expect(() => createPolicy(['intranet.example', entry])).toThrow(`"${entry}"`)
  })

  test.each([
    ['intranet.example', 'http://intranet.example:8080/'],
    ['Intranet.Example.', 'http://intranet.example/'],
    ['intranet.example', 'https://intranet.example./'],
    ['intranet.example:8080', 'http://intranet.example:8080/'],
    ['bücher.example', 'http://xn--bcher-kva.example/'],
    ['10.0.0.5', 'http://10.0.0.5:81/'],
    ['10.0.0.5:81', 'http://10.0.0.5:81/'],
    ['10.0.0.0/8', 'http://10.200.0.1/'],
    ['10.0.0.0/8', 'http://[::ffff:a00:1]/'],
    ['::1', 'http://[::1]:9/'],
    ['[::1]:9', 'http://[::1]:9/'],
    ['fd00::/8', 'https://[fd12::1]/'],
    ['64:ff9b::/96', 'https://[64:ff9b::808:808]/'],
  ])('with %s allows %s', (entry, url) => {
    expect(judge([entry], url)).toBe('allowed')
  })

  test.each([
    ['intranet.example', 'http://other.example/'],
    ['intranet.example', 'http://sub.intranet.example/'],
    ['intranet.example:8080', 'http://intranet.example:8081/'],
    ['intranet.example:8080', 'http://intranet.example/'],
    ['10.0.0.5:81', 'http://10.0.0.5:82/'],
    ['10.0.0.0/8', 'http://11.0.0.1/'],
    ['0.0.0.0/0', 'http://[::1]/'],
    ['::/0', 'http://127.0.0.1/'],
    ['10.0.0.0/8', 'https://[::10.0.0.1]/'],
    ['10.0.0.0/8', 'https://[64:ff9b::10.0.0.1]/'],
  ])('with %s does not allow %s', (entry, url) => {
    expect(judge([entry], url)).not.toBe('allowed')
  })

  test('allows a host wherever its name leads, and only on its port', () => {
    const to = { ...destination, hostname: 'intranet.example', port: 8080, protocol: 'http:' }
    expect(judgeResolved('10.0.0.1', ['intranet.example:8080'], to)).toBe('10.0.0.1')
    expect(judgeResolved('10.0.0.1', ['intranet.example:8081'], to)).toMatch(/not public/)
  })

  test('allows a network to every name that leads into it, and leaves the rest to the rules', () => {
    const to = { protocol: 'http:', hostname: 'vendor.example', port: 8080 }
    expect(judge(['10.0.0.0/8'], 'http://vendor.example:8080/')).toBe('allowed')
    expect(judgeResolved('10.1.2.3', ['10.0.0.0/8'], to)).toBe('10.1.2.3')
    expect(judgeResolved('8.8.8.8', ['10.0.0.0/8'], to)).toMatch(/Plain http/)
    expect(judgeResolved('192.168.0.1', ['10.0.0.0/8'], to)).toMatch(/not public/)
  })
})
