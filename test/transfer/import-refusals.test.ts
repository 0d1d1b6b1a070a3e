import { CompactEncrypt, importJWK } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { purge } from '../../src/retention/purge.ts'
import type { Manifest } from '../../src/transfer/manifest.ts'
import { readPublicKey, sealSecrets } from '../../src/transfer/sealing.ts'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import type { World } from '../support/world.ts'
import {
  type Exported,
  exportFrom,
  importInto,
  newKey,
  provision,
  startWorlds,
  type Worlds,
} from './worlds.ts'

let worlds: Worlds
let source: World
let target: World
let key: Awaited<ReturnType<typeof newKey>>
let line: Exported
beforeAll(async () => {
  worlds = await startWorlds()
})
afterAll(() => worlds[Symbol.asyncDispose]())
beforeEach(async () => {
  source = { ...worlds.source, ...(await worlds.source.addOrganization()) }
  target = { ...worlds.target, ...(await worlds.target.addOrganization()) }
  key = await newKey(target)
  await provision(source, basic('One'))
  line = await exportOne()
})

const basic = (name: string) => ({
  name,
  element: { key: 'gated' },
  configuration: { secret: 'a-secret-of-one', url: worlds.vendor.url },
})
const exportOne = async (publicKey: object = key.publicKey) => {
  const { lines } = await exportFrom(source, { publicKey, all: true })
  return lines[0]!
}
const altered = (change: (manifest: Manifest) => void) => {
  const copy = structuredClone(line)
  change(copy.manifest)
  return copy
}
const stored = async () => (await call(target, 'GET', '/instances')).body.length

/** One line that is refused, among others that are not, with nothing sent to any vendor for it. */
async function refused(bad: unknown, caller: Pick<World, 'url' | 'authorization'> = target) {
  const asked = worlds.vendor.received.length
  const { results } = await importInto(caller, [bad])
  expect(worlds.vendor.received.length).toBe(asked)
  expect(await stored()).toBe(0)
  const [{ status, error }] = results as [(typeof results)[number]]
  return [status, error.code]
}

/** As another installation would seal it that means harm, or is wrong. */
async function sealAgain(change: (manifest: Manifest) => void, secret = 'a-secret-of-one') {
  const { manifest } = altered(change)
  const entries = { secret }
  const sealing = await readPublicKey(key.publicKey)
  return { manifest, secrets: await sealSecrets(sealing, manifest, { entries, certificates: {} }) }
}

test('what is done to the lines below is why they are refused: the line itself is taken', async () => {
  expect((await importInto(target, [line])).results).toMatchObject([{ status: 200 }])
  expect(await stored()).toBe(1)
})

describe('a line is refused', () => {
  test.each<[string, (manifest: Manifest) => void]>([
    ['its name', (manifest) => Object.assign(manifest, { name: 'Other' })],
    ['its id', (manifest) => Object.assign(manifest, { sourceId: 4711 })],
    [
      'where it leads to',
      ({ configuration }) => Object.assign(configuration!, { url: 'https://evil.example.com' }),
    ],
    [
      'where its secrets may go',
      ({ secrets }) => secrets[0]!.origins.push('https://evil.example.com'),
    ],
    ['the order of its tags', ({ tags }) => tags!.push('more')],
    ['what was told of it', ({ told }) => Object.assign(told, { url: 'https://evil.example.com' })],
    ['which element it is of', ({ element }) => Object.assign(element, { key: 'mutual' })],
    ['its state', (manifest) => Object.assign(manifest, { disabled: true })],
    ['which of its secrets there are', ({ secrets }) => secrets.pop()],
  ])('where somebody has changed %s', async (_, change) => {
    expect(await refused(altered(change))).toEqual([422, 'import-altered'])
  })

  test('where its secrets are those of another line', async () => {
    await provision(source, basic('Two'))
    const { lines } = await exportFrom(source, { publicKey: key.publicKey, all: true })
    const swapped = { manifest: lines[0]!.manifest, secrets: lines[1]!.secrets }
    expect(await refused(swapped)).toEqual([422, 'import-altered'])
  })

  test('where what is sealed was cut off, changed, or is not sealed at all', async () => {
    const { secrets } = line
    const parts = secrets.split('.')
    const flipped = parts.map((part: string, at: number) =>
      at === 3 ? `${part[0] === 'A' ? 'B' : 'A'}${part.slice(1)}` : part,
    )
    const clear = Buffer.from(JSON.stringify({ entries: { secret: 'x' }, certificates: {} }))
    for (const bad of [
      secrets.slice(0, -6),
      parts.slice(0, 4).join('.'),
      flipped.join('.'),
      `${secrets}.more`,
      clear.toString('base64url'),
      '',
      'a.b.c.d.e',
    ]) {
      expect([bad.length, ...(await refused({ ...line, secrets: bad }))]).toEqual([
        bad.length,
        422,
        'import-altered',
      ])
    }
  })

  test('where it is sealed for the key by other means, or without its manifest', async () => {
    const publicKey = await importJWK(key.publicKey, 'ECDH-ES+A256KW')
    const plaintext = Buffer.from(JSON.stringify({ entries: { secret: 'x' }, certificates: {} }))
    const { kid } = key.publicKey
    for (const header of [
      { alg: 'ECDH-ES+A256KW', enc: 'A256GCM' },
      { alg: 'ECDH-ES', enc: 'A256GCM' },
      { alg: 'ECDH-ES+A256KW', enc: 'A128CBC-HS256' },
    ]) {
      const sealing = new CompactEncrypt(plaintext).setProtectedHeader({ ...header, kid: kid! })
      const secrets = await sealing.encrypt(publicKey)
      expect(await refused({ ...line, secrets })).toEqual([422, 'import-altered'])
    }
  })

  test('where its secrets would go elsewhere than they were given for', async () => {
    const elsewhere = await sealAgain(({ secrets }) => {
      secrets[0]!.origins = ['https://api.example.com']
    })
    expect(await refused(elsewhere)).toEqual([422, 'secrets-required'])
    const nowhere = await sealAgain(({ secrets }) => {
      secrets[0]!.origins = []
    })
    expect(await refused(nowhere)).toEqual([422, 'secrets-required'])
    const { results } = await importInto(target, [elsewhere], '?verify=false')
    expect(results).toMatchObject([{ status: 422 }])
    expect(await stored()).toBe(0)
  })

  test('where the vendor does not accept it', async () => {
    const wrong = await sealAgain(() => {}, 'wrong')
    const { results } = await importInto(target, [wrong])
    expect(results).toMatchObject([{ status: 400, error: { code: 'credentials-rejected' } }])
    expect(await stored()).toBe(0)
    // What was refused may be sent again.
    expect((await importInto(target, [line])).results).toMatchObject([{ status: 200 }])
  })

  test.each<[string, (manifest: Manifest) => void, number, string]>([
    [
      'of another format',
      (manifest) => Object.assign(manifest, { format: 2 }),
      400,
      'body-invalid',
    ],
    [
      'of an unknown element',
      ({ element }) => Object.assign(element, { key: 'gatet' }),
      404,
      'element-not-found',
    ],
    ['without a name', (manifest) => Object.assign(manifest, { name: '' }), 400, 'name-missing'],
    [
      'with a member too many',
      (manifest) => Object.assign(manifest, { more: 1 }),
      400,
      'body-invalid',
    ],
    [
      'with another way to be known',
      ({ authentication }) => Object.assign(authentication, { type: 'magic' }),
      200,
      '',
    ],
    [
      'with settings that are none',
      (manifest) => Object.assign(manifest, { settings: { timeZone: 'Mars' } }),
      400,
      'settings-invalid',
    ],
  ])('that was sealed well, %s', async (_, change, status, code) => {
    const { results } = await importInto(target, [await sealAgain(change)])
    expect([results[0]!.status, results[0]!.error?.code ?? '']).toEqual([status, code])
  })

  test('where it is cut off, no object, or not what an export has', async () => {
    const text = JSON.stringify(line)
    for (const bad of [
      text.slice(0, -20),
      '[]',
      '{}',
      '1',
      JSON.stringify({ sourceId: 1, error: {} }),
    ]) {
      expect(await refused(bad)).toEqual([400, 'body-invalid'])
    }
  })

  test('where it is longer than 2 MiB', async () => {
    expect(await refused({ ...line, more: 'x'.repeat(2 ** 21) })).toEqual([413, 'body-too-large'])
  })

  test('for a key that was revoked, or is another user’s, or another organization’s', async () => {
    const colleague = { ...target, ...(await addColleague(target)) }
    const other = { ...target, ...(await worlds.target.addOrganization()) }
    for (const caller of [colleague, other]) {
      expect(await refused(line, caller)).toEqual([404, 'import-key-not-found'])
    }
    expect((await call(target, 'DELETE', `/imports/keys/${key.id}`)).status).toBe(200)
    expect(await refused(line)).toEqual([404, 'import-key-not-found'])
  })

  test('for a key whose time is over', async () => {
    const { pool } = target.context.db
    await pool.query('update import_keys set expires_at = now() where id = $1', [key.id])
    expect(await refused(line)).toEqual([410, 'import-key-expired'])
  })

  test('while another request is at it, and taken once that has gone', async () => {
    const { source: from, sourceId } = line.manifest
    const { pool } = target.context.db
    await pool.query(
      `insert into imports (organization_id, user_id, source, source_id, holder, lease_until)
       values ($1, $2, $3, $4, gen_random_uuid(), now() + interval '1 minute')`,
      [target.organizationId, target.userId, from, sourceId],
    )
    expect(await refused(line)).toEqual([409, 'request-in-progress'])
    const count = async () => (await purge(target.context.db, target.organizationId)).purged
    expect(await count()).toMatchObject({ interruptedImports: 0 })
    await pool.query("update imports set lease_until = now() - interval '1 second'")
    expect((await importInto(target, [line])).results).toMatchObject([{ status: 200 }])
    expect(await count()).toMatchObject({ interruptedImports: 0 })
    expect((await importInto(target, [line])).results).toMatchObject([{ created: false }])
  })
})

test('a line that is refused hurts no other', async () => {
  await provision(source, basic('Two'))
  const { lines } = await exportFrom(source, { publicKey: key.publicKey, all: true })
  const [one, two] = lines as [Exported, Exported]
  const bad = altered((manifest) => Object.assign(manifest, { name: 'Other' }))
  const { results } = await importInto(target, [bad, one, '{', '', two])
  expect(results.map((result) => [result.line, result.status])).toEqual([
    [1, 422],
    [2, 200],
    [3, 400],
    [5, 200],
  ])
  expect(await stored()).toBe(2)
})

test('the whole is refused without a header, and as anything but JSON lines', async () => {
  const headers = { 'content-type': 'application/x-ndjson' }
  const unknown = await call(target, 'POST', '/imports', {
    body: '{}',
    headers,
    authorization: null,
  })
  expect([unknown.status, unknown.body.code]).toEqual([401, 'access-missing'])
  const json = await call(target, 'POST', '/imports', { body: line })
  expect([json.status, json.body.code]).toEqual([415, 'media-type-unsupported'])
  for (const query of ['?oauthApps=one:two', '?verify=perhaps']) {
    const { answer } = await importInto(target, [line], query)
    expect([answer.status, answer.body.code]).toEqual([400, 'parameters-invalid'])
  }
  expect(await stored()).toBe(0)
})
