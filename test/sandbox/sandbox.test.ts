import { Agent, request } from 'undici'
import { describe, expect, test } from 'vitest'
import { createAuthority } from '../support/authority.ts'
import { get, probe, start } from './client.ts'

test('a port that is taken is refused', async () => {
  await using first = await start()
  await expect(start({ port: first.port })).rejects.toThrow('EADDRINUSE')
})

test('a stopped sandbox refuses connections, and can be stopped again', async () => {
  const sandbox = await start()
  await sandbox.stop()
  await sandbox.stop()
  await expect(get(sandbox.url)).rejects.toThrow('ECONNREFUSED')
})

test('a request of more than 4 MiB is refused and not kept', async () => {
  await using sandbox = await start()
  const answer = await fetch(sandbox.url, { method: 'POST', body: 'x'.repeat(4 * 1024 * 1024 + 1) })
  expect(answer.status).toBe(413)
  expect(sandbox.requests).toEqual([])
})

test('requests are kept as they arrived, without those to the control path', async () => {
  await using sandbox = await start()
  await get(`${sandbox.url}/sandbox/behaviour`)
  await probe(sandbox.url, { password: 'wrong' })
  await get(`${sandbox.url}/nowhere?a=b`, { 'X-Mine': 'yes' })
  expect(sandbox.requests).toMatchObject([
    {
      method: 'POST',
      url: '/v2015_3/apis/2.0/SystemApi.asmx',
      headers: { soapaction: '"http://connectwise.com/GetIntegratorLoginInfo"' },
      body: expect.stringContaining('<IntegratorPassword>wrong</IntegratorPassword>'),
    },
    { method: 'GET', url: '/nowhere?a=b', headers: { 'x-mine': 'yes' }, body: '' },
  ])
})

test('the last 1,000 requests are kept, with 64 KiB of each body', async () => {
  await using sandbox = await start()
  for (let i = 0; i < 1005; i += 1) await get(`${sandbox.url}/${i}`)
  expect(sandbox.requests).toHaveLength(1000)
  expect(sandbox.requests[0]?.url).toBe('/5')
  await fetch(sandbox.url, { method: 'POST', body: 'x'.repeat(70_000) })
  expect(sandbox.requests.at(-1)?.body).toHaveLength(65_536)
})

describe('under TLS', () => {
  const authority = createAuthority()
  const names = ['localhost', '127.0.0.1']
  const tls = authority.issue({ names })
  const call = (url: string, connect: object) =>
    request(`${url}/login/companyinfo/company_f`, { dispatcher: new Agent({ connect }) })

  test('a client that does not know the authority turns away', async () => {
    await using sandbox = await start({ tls })
    const other = createAuthority()
    await expect(call(sandbox.url, {})).rejects.toThrow(/unable to verify/)
    await expect(call(sandbox.url, { ca: other.caPem })).rejects.toThrow(/unable to verify/)
  })

  test.each([
    ['expired', { names, notAfter: new Date(Date.now() - 1000) }, /expired/],
    ['not valid yet', { names, notBefore: new Date(Date.now() + 60_000) }, /not yet valid/],
    ['made out to another name', { names: ['example.com'] }, /does not match/],
    ["a client's", { names, clientAuth: true }, /purpose/],
  ])('a client turns away from a certificate that is %s', async (_, certificate, reason) => {
    await using sandbox = await start({ tls: authority.issue(certificate) })
    await expect(call(sandbox.url, { ca: authority.caPem })).rejects.toThrow(reason)
  })

  test('a client that knows the authority is answered, by name and by address', async () => {
    await using sandbox = await start({ tls })
    expect(sandbox.url).toBe(`https://127.0.0.1:${sandbox.port}`)
    for (const url of [sandbox.url, `https://localhost:${sandbox.port}`]) {
      const answer = await call(url, { ca: authority.caPem })
      expect(answer.statusCode).toBe(200)
    }
  })

  test('only clients with a certificate of the authority asked for get in, and are known by it', async () => {
    const clients = createAuthority()
    await using sandbox = await start({ tls: { ...tls, clientCa: clients.caPem } })
    const mine = clients.issue({ names: ['client-one'], clientAuth: true })
    const strange = createAuthority().issue({ names: ['client-one'], clientAuth: true })

    await expect(call(sandbox.url, { ca: authority.caPem })).rejects.toThrow()
    await expect(call(sandbox.url, { ca: authority.caPem, ...strange })).rejects.toThrow()
    await call(sandbox.url, { ca: authority.caPem, ...mine })
    expect(sandbox.requests.map((seen) => seen.clientCertificate)).toEqual(['client-one'])
  })

  test('a reset reaches the client as one', async () => {
    await using sandbox = await start({ tls })
    sandbox.behave('reset')
    const answer = await call(sandbox.url, { ca: authority.caPem })
    await expect(answer.body.text()).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})
