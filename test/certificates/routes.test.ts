import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, call, helpDesk } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { startWorld, type World } from '../support/world.ts'
import { bodyOf, bytesOf, fixture } from './fixtures.ts'

let world: World
let colleague: { authorization: string; userId: number }
let stranger: { authorization: string }

beforeAll(async () => {
  world = await startWorld()
  colleague = await addColleague(world)
  stranger = await world.addOrganization()
})
afterAll(() => world[Symbol.asyncDispose]())

const post = (body: unknown, authorization = world.authorization) =>
  call(world, 'POST', '/certificates', { body, authorization })

async function give(more: object = {}, authorization = world.authorization): Promise<number> {
  const { status, body } = await post(bodyOf('default.p12', more), authorization)
  expect(status).toBe(200)
  return body.id
}

async function countRows(certificateId: number) {
  const { rows } = await world.context.db.pool.query(
    `select (select count(*)::integer from certificates where id = $1) as certificates,
       (select count(*)::integer from secrets where owner = 'certificate/' || $1::text) as secrets`,
    [certificateId],
  )
  return rows[0]
}

async function giveInstance(authorization: string, certificateId: number) {
  const body = { ...helpDesk(world), name: `Uses ${certificateId}` }
  const { body: instance } = await call(world, 'POST', '/instances', { body, authorization })
  const { organizationId } = world
  await world.context.db.pool.query('insert into certificate_uses values ($1, $2, $3)', [
    organizationId,
    certificateId,
    instance.id,
  ])
  return { id: instance.id, name: instance.name }
}

async function sendForm(method: string, path: string, form: FormData, authorization: string) {
  const answer = await fetch(world.url + path, { method, body: form, headers: { authorization } })
  return { status: answer.status, body: (await answer.json()) as Answer['body'] }
}

function formOf(file: string, more: Record<string, string> = {}): FormData {
  const form = new FormData()
  form.append('name', 'By form')
  form.append('origins', 'https://one.example.com')
  form.append('origins', 'https://two.example.com:8443')
  form.append('pkcs12', new Blob([new Uint8Array(bytesOf(file))]), file)
  form.append('passphrase', fixture(file).passphrase)
  for (const [name, value] of Object.entries(more)) form.append(name, value)
  return form
}

describe('POST /certificates refuses', () => {
  test.each([
    [
      'a wrong passphrase',
      bodyOf('default.p12', { passphrase: 'wrong' }),
      'certificate-passphrase-wrong',
    ],
    [
      'no passphrase where there is one',
      bodyOf('default.p12', { passphrase: undefined }),
      'certificate-passphrase-wrong',
    ],
    ['an algorithm that is too old', bodyOf('rc4.p12'), 'certificate-unsupported'],
    [
      'what is no such file',
      bodyOf('default.p12', { pkcs12: 'bm8gY2VydGlmaWNhdGU=' }),
      'certificate-corrupt',
    ],
    ['what is no base64', bodyOf('default.p12', { pkcs12: '*****' }), 'certificate-corrupt'],
    ['a file without a key', bodyOf('no-key.p12'), 'certificate-incomplete'],
    ['a file without a certificate', bodyOf('no-certificate.p12'), 'certificate-incomplete'],
    [
      'a file that is too large',
      bodyOf('default.p12', { pkcs12: 'A'.repeat(360_000) }),
      'certificate-too-large',
    ],
    [
      'PEM that is too large',
      bodyOf('default.p12', { pkcs12: undefined, certificate: 'A'.repeat(400_001), key: '' }),
      'certificate-too-large',
    ],
    ['PEM whose key is another', pem('another-key.pem'), 'certificate-key-mismatch'],
    [
      'PEM without its key',
      bodyOf('default.p12', { pkcs12: undefined, certificate: 'x' }),
      'body-invalid',
    ],
    [
      'PKCS#12 and PEM together',
      bodyOf('default.p12', { certificate: 'x', key: 'x' }),
      'body-invalid',
    ],
    ['neither', { name: 'n', origins: ['https://a.example'] }, 'body-invalid'],
    ['no name', bodyOf('default.p12', { name: undefined }), 'body-invalid'],
    [
      'a name with a control character',
      bodyOf('default.p12', { name: 'a\u0000b' }),
      'body-invalid',
    ],
    ['no origins', bodyOf('default.p12', { origins: undefined }), 'body-invalid'],
    ['an empty list of origins', bodyOf('default.p12', { origins: [] }), 'body-invalid'],
    [
      'too many origins',
      bodyOf('default.p12', { origins: Array(21).fill('https://a.example') }),
      'body-invalid',
    ],
    ['a misspelt member', bodyOf('default.p12', { passprase: 'x' }), 'body-invalid'],
  ])('%s', async (_what, body, code) => {
    const answer = await post(body)
    expect(answer.body).toMatchObject({ status: 400, code })
    expect(answer.body.message).toMatch(/\.$/)
  })

  test.each([
    'http://api.example.com',
    'https://api.example.com/path',
    'https://api.example.com/?',
    'https://user@api.example.com',
    'https://*.example.com',
    'api.example.com',
    'https://',
    'ftp://api.example.com',
  ])('"%s", which is no https origin, and names it', async (origin) => {
    const origins = ['https://good.example.com', origin]
    const { body } = await post(bodyOf('default.p12', { origins }))
    expect(body).toMatchObject({ status: 400, code: 'body-invalid' })
    expect(body.invalid).toEqual([{ key: 'origins.1', reason: expect.any(String) }])
  })

  test('a body of more than 512 KiB, in JSON and as a form', async () => {
    const huge = 'A'.repeat(600_000)
    const answers = [
      await post(bodyOf('default.p12', { pkcs12: huge })),
      await sendForm(
        'POST',
        '/certificates',
        formOf('default.p12', { key: huge }),
        world.authorization,
      ),
    ]
    for (const { body } of answers) {
      expect(body).toMatchObject({ status: 413, code: 'body-too-large' })
      expect(body.message).toContain('512 KiB')
    }
  })

  test('a form that is broken off, or whose field comes twice, or whose file is too large', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=b' }
    const broken = '--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nx'
    const answer = await call(world, 'POST', '/certificates', { body: broken, headers })
    expect(answer.body).toMatchObject({ status: 400, code: 'body-invalid' })
    const unbounded = { 'content-type': 'multipart/form-data' }
    const answer2 = await call(world, 'POST', '/certificates', { body: broken, headers: unbounded })
    expect(answer2.body).toMatchObject({ status: 400, code: 'body-invalid' })
    const twice = formOf('default.p12', { passphrase: 'again' })
    const { body } = await sendForm('POST', '/certificates', twice, world.authorization)
    expect(body).toMatchObject({
      code: 'body-invalid',
      message: expect.stringContaining('"passphrase"'),
    })
    const large = formOf('default.p12')
    large.set('pkcs12', new Blob([new Uint8Array(300 * 1024)]), 'large.p12')
    const refused = await sendForm('POST', '/certificates', large, world.authorization)
    expect(refused.body).toMatchObject({ status: 413, code: 'body-too-large' })
  })

  test('who is not known, and who shares without being an admin', async () => {
    expect((await post(bodyOf('default.p12'), 'User a, Organization b')).status).toBe(401)
    const { body } = await post(bodyOf('default.p12', { shared: true }), colleague.authorization)
    expect(body).toMatchObject({ status: 403, code: 'role-insufficient' })
  })
})

describe('POST /certificates', () => {
  test('tells what the certificate is, and neither key nor chain nor passphrase', async () => {
    const origins = ['https://API.example.com:443/', 'https://api.example.com']
    const { body } = await post(bodyOf('default.p12', { origins }))
    expect(body).toEqual({
      id: expect.any(Number),
      name: 'Acme at the vendor',
      shared: false,
      userId: world.userId,
      origins: ['https://api.example.com'],
      subject: 'CN=Fixture client, O=Acme\\, Ltd, C=FI',
      issuer: 'CN=Fixture issuing authority',
      serial: expect.stringMatching(/^[0-9A-F]+$/),
      fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
      notBefore: '2020-01-01T00:00:00.000Z',
      notAfter: '2120-01-01T00:00:00.000Z',
      keyKind: 'RSA 2048',
      chainState: 'complete',
      warnings: [],
      createdDate: expect.any(String),
      updatedDate: expect.any(String),
    })
    const read = await call(world, 'GET', `/certificates/${body.id}`)
    expect(read.status).toBe(200)
    expect(read.body).toEqual(body)
  })

  test.each([
    ['expired.p12', 'expired'],
    ['incomplete-chain.p12', 'incomplete-chain'],
    ['without-mac.p12', 'without-mac'],
  ])('warns of %s', async (file, code) => {
    const { status, body } = await post(bodyOf(file))
    expect(status).toBe(200)
    expect(body.warnings).toEqual([{ code, message: expect.stringMatching(/\.$/) }])
  })

  test('takes a form with a file, and PEM in JSON', async () => {
    const form = await sendForm(
      'POST',
      '/certificates',
      formOf('non-ascii.p12'),
      world.authorization,
    )
    expect(form.body).toMatchObject({
      name: 'By form',
      origins: ['https://one.example.com', 'https://two.example.com:8443'],
      keyKind: 'EC prime256v1',
    })
    const json = await post(pem('pkcs8-encrypted.pem'))
    expect(json.body).toMatchObject({ keyKind: 'RSA 2048', chainState: 'complete' })
  })
})

describe('GET /certificates', () => {
  test('shows own and shared ones to a user, all to an admin, none to a stranger', async () => {
    const [hidden, shared] = [await give(), await give({ shared: true })]
    const own = await give({}, colleague.authorization)
    const list = async (authorization: string) => {
      const { status, body } = await call(world, 'GET', '/certificates', { authorization })
      expect(status).toBe(200)
      return body.map(({ id }: { id: number }) => id)
    }
    const seen = await list(colleague.authorization)
    expect(seen).toEqual(expect.arrayContaining([shared, own]))
    expect(seen).not.toContain(hidden)
    expect(await list(world.authorization)).toEqual(expect.arrayContaining([hidden, shared, own]))
    expect(await list(stranger.authorization)).toEqual([])
  })

  test('answers page after page, each once', async () => {
    const fresh = await world.addOrganization()
    const ids: number[] = []
    for (let n = 0; n < 5; n++) ids.push(await give({}, fresh.authorization))
    const seen: number[] = []
    let query = '?pageSize=2'
    for (let pages = 0; pages < 3; pages++) {
      const { body, headers } = await call(world, 'GET', `/certificates${query}`, fresh)
      expect(headers['elements-returned-count']).toBe(String(body.length))
      seen.push(...body.map(({ id }: { id: number }) => id))
      const next = headers['elements-next-page-token']
      expect(next === undefined).toBe(pages === 2)
      query = `?pageSize=2&nextPage=${next}`
    }
    expect(seen).toEqual(ids)
  })

  test.each(['?pageSize=0', '?pageSize=201', '?pageSize=x', '?nextPage=x', '?nextPage=MQo'])(
    'refuses %s',
    async (query) => {
      const { body } = await call(world, 'GET', `/certificates${query}`)
      expect(body).toMatchObject({ status: 400, code: 'parameters-invalid' })
    },
  )

  test.each(['GET', 'PUT', 'DELETE'] as const)(
    '{id}: %s finds nothing of another user, of another organization, or that is not there',
    async (method) => {
      const id = await give()
      const body = method === 'PUT' ? bodyOf('default.p12') : undefined
      for (const { authorization } of [colleague, stranger]) {
        const answer = await call(world, method, `/certificates/${id}`, { body, authorization })
        expect(answer.body).toMatchObject({ status: 404, code: 'certificate-not-found' })
      }
      expect((await call(world, method, '/certificates/999999', { body })).status).toBe(404)
      expect(await countRows(id)).toEqual({ certificates: 1, secrets: 1 })
    },
  )
})

describe('PUT /certificates/{id}', () => {
  test('refuses what POST would, and leaves the certificate as it was', async () => {
    const id = await give()
    const before = (await call(world, 'GET', `/certificates/${id}`)).body
    for (const body of [bodyOf('default.p12', { passphrase: 'wrong' }), bodyOf('rc4.p12'), {}]) {
      expect((await call(world, 'PUT', `/certificates/${id}`, { body })).status).toBe(400)
    }
    expect((await call(world, 'GET', `/certificates/${id}`)).body).toEqual(before)
  })

  test('refuses a user to whom it is merely shared', async () => {
    const id = await give({ shared: true })
    const body = bodyOf('default.p12')
    for (const method of ['PUT', 'DELETE'] as const) {
      const options = { authorization: colleague.authorization, ...(method === 'PUT' && { body }) }
      const answer = await call(world, method, `/certificates/${id}`, options)
      expect(answer.body).toMatchObject({ status: 403, code: 'role-insufficient' })
    }
  })

  test('refuses to withdraw it from others who use it', async () => {
    const id = await give({ shared: true })
    await giveInstance(colleague.authorization, id)
    const body = bodyOf('default.p12', { shared: false })
    const answer = await call(world, 'PUT', `/certificates/${id}`, { body })
    expect(answer.body).toMatchObject({ status: 409, code: 'certificate-in-use' })
  })

  test('puts another file under the same id; what is left out stays', async () => {
    const id = await give({ shared: true })
    const { pkcs12, passphrase } = bodyOf('ed25519.p12')
    const body = { pkcs12, passphrase }
    const { status, body: replaced } = await call(world, 'PUT', `/certificates/${id}`, { body })
    expect(status).toBe(200)
    expect(replaced).toMatchObject({
      id,
      name: 'Acme at the vendor',
      shared: true,
      origins: ['https://api.example.com'],
      subject: 'CN=Fixture Ed25519',
      keyKind: 'Ed25519',
    })
    expect(await countRows(id)).toEqual({ certificates: 1, secrets: 1 })
  })

  test('takes a form; and of many at once each is whole', async () => {
    const id = await give({}, stranger.authorization)
    const form = formOf('default.p12')
    const answer = await sendForm('PUT', `/certificates/${id}`, form, stranger.authorization)
    expect(answer.body).toMatchObject({ id, name: 'By form' })
    const files = ['ed25519.p12', 'default.p12']
    const answers = await Promise.all(
      files.map((file) =>
        call(world, 'PUT', `/certificates/${id}`, { body: bodyOf(file), ...stranger }),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(await countRows(id)).toEqual({ certificates: 1, secrets: 1 })
  })
})

describe('DELETE /certificates/{id}', () => {
  test('is refused while instances use it, and names them', async () => {
    const id = await give()
    const instance = await giveInstance(world.authorization, id)
    const { body } = await call(world, 'DELETE', `/certificates/${id}`)
    expect(body).toMatchObject({ status: 409, code: 'certificate-in-use', references: [instance] })
    expect(await countRows(id)).toEqual({ certificates: 1, secrets: 1 })
    await world.context.db.pool.query('delete from instances where id = $1', [instance.id])
    expect((await call(world, 'DELETE', `/certificates/${id}`)).status).toBe(200)
  })

  test('tells a user the number of instances of others, and an admin their names', async () => {
    const id = await give({}, colleague.authorization)
    const own = await giveInstance(colleague.authorization, id)
    const other = await giveInstance(world.authorization, id)
    const asUser = await call(world, 'DELETE', `/certificates/${id}`, colleague)
    expect(asUser.body.references).toEqual([own])
    expect(asUser.body.message).toContain(
      '2 instances present this certificate (1 of them of other',
    )
    const asAdmin = await call(world, 'DELETE', `/certificates/${id}`)
    expect(asAdmin.body.references).toEqual([own, other])
  })

  test('removes it with its key and chain, and says so in the audit', async () => {
    const id = await give()
    const { status, body } = await call(world, 'DELETE', `/certificates/${id}`)
    expect([status, body]).toEqual([200, {}])
    expect(await countRows(id)).toEqual({ certificates: 0, secrets: 0 })
    expect((await call(world, 'DELETE', `/certificates/${id}`)).status).toBe(404)
    const { rows } = await world.context.db.pool.query(
      "select action from audit_entries where detail->>'certificateId' = $1 order by id",
      [String(id)],
    )
    expect(rows.map(({ action }) => action)).toEqual(['certificate.created', 'certificate.deleted'])
  })
})

/** A body with PEM, of a fixture that holds all in one file. */
function pem(file: string) {
  const text = bytesOf(file).toString()
  return bodyOf(file, { pkcs12: undefined, certificate: text, key: text })
}
