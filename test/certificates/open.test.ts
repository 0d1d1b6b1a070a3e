import { createPrivateKey, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openCertificate } from '../../src/certificates/open.ts'
import { Keyring } from '../../src/vault/keyring.ts'
import { retire } from '../../src/vault/retire.ts'
import { rotate } from '../../src/vault/rotate.ts'
import { Vault } from '../../src/vault/vault.ts'
import { call } from '../support/client.ts'
import { addColleague } from '../support/colleague.ts'
import { startWorld, type World } from '../support/world.ts'
import { kek } from '../vault/world.ts'
import { bodyOf } from './fixtures.ts'

const destination = 'https://api.example.com'

let world: World
let colleague: { authorization: string; userId: number }
beforeAll(async () => {
  world = await startWorld()
  colleague = await addColleague(world)
})
afterAll(() => world[Symbol.asyncDispose]())

async function give(more: object = {}, authorization = world.authorization) {
  const body = bodyOf('default.p12', more)
  const answer = await call(world, 'POST', '/certificates', { body, authorization })
  expect(answer.status).toBe(200)
  return answer.body
}

const open = (certificateId: number, more: Partial<Parameters<typeof openCertificate>[1]> = {}) =>
  openCertificate(world.context, {
    organizationId: world.organizationId,
    userId: world.userId,
    certificateId,
    destination,
    ...more,
  })

describe('a certificate is not opened', () => {
  test.each([
    'https://other.example.com',
    'https://api.example.com:8443',
    'http://api.example.com',
    'https://api.example.com.',
    'caller',
  ])('for %s, for which it was not given', async (destination) => {
    const { id } = await give()
    await expect(open(id, { destination })).rejects.toMatchObject({
      code: 'secrets-required',
      message: expect.stringContaining(`PUT /certificates/${id}`),
    })
  })

  test('for another user, unless it is shared, nor for an admin who does not own it', async () => {
    const [own, shared] = [await give(), await give({ shared: true })]
    const theirs = await give({}, colleague.authorization)
    const { userId } = colleague
    const refused = [() => open(own.id, { userId }), () => open(theirs.id), () => open(999_999)]
    for (const attempt of refused) {
      await expect(attempt()).rejects.toMatchObject({ code: 'certificate-not-found' })
    }
    expect((await open(shared.id, { userId })).fingerprint).toBe(shared.fingerprint)
  })

  test('for another organization', async () => {
    const { id } = await give({ shared: true })
    const { organizationId, userId } = await world.addOrganization()
    const refused = open(id, { organizationId, userId })
    await expect(refused).rejects.toMatchObject({ code: 'certificate-not-found' })
  })

  test('where its origins were changed in the database: they are sealed with it', async () => {
    const { id } = await give()
    const setOrigin = (origin: string) =>
      world.context.db.pool.query('update secrets set origins = array[$2] where owner = $1', [
        `certificate/${id}`,
        origin,
      ])
    await setOrigin('https://evil.example.com')
    await expect(open(id, { destination: 'https://evil.example.com' })).rejects.toThrow(
      'does not open here',
    )
    await setOrigin(destination)
    expect((await open(id)).key).toContain('PRIVATE KEY')
  })

  test('for an origin that was taken away when it was replaced', async () => {
    const { id } = await give()
    const body = bodyOf('default.p12', { origins: ['https://new.example.com'] })
    await call(world, 'PUT', `/certificates/${id}`, { body })
    await expect(open(id)).rejects.toMatchObject({ code: 'secrets-required' })
    expect((await open(id, { destination: 'https://new.example.com' })).key).toContain(
      'PRIVATE KEY',
    )
  })
})

describe('a certificate is opened', () => {
  test('with its key, for an origin of its own, and after it was replaced as the new one', async () => {
    const { id, fingerprint } = await give()
    const opened = await open(id)
    expect(opened).toMatchObject({ fingerprint, notAfter: new Date('2120-01-01T00:00:00.000Z') })
    const leaf = new X509Certificate(opened.certificate)
    expect(leaf.fingerprint256).toBe(fingerprint)
    expect(leaf.checkPrivateKey(createPrivateKey(opened.key))).toBe(true)

    await call(world, 'PUT', `/certificates/${id}`, { body: bodyOf('ed25519.p12') })
    const replaced = await open(id)
    expect(replaced.fingerprint).not.toBe(fingerprint)
    expect(createPrivateKey(replaced.key).asymmetricKeyType).toBe('ed25519')
  })

  test('under the next keys after a rotation, and when the old ones are retired', async () => {
    const { id } = await give()
    const before = await open(id)
    const { db } = world.context
    const [first] = world.context.config.keys!
    const next = kek('next')
    const vault = await Vault.open(db, new Keyring([next, first!]))
    const report = await rotate(db, vault, { settleMs: 0 })
    expect(report).toMatchObject({ left: 0, failures: [] })
    await retire(db, vault, { settledMs: 0 })
    const alone = await Vault.open(db, new Keyring([next]))
    const asked = { organizationId: world.organizationId, userId: world.userId, certificateId: id }
    expect(await openCertificate({ db, vault: alone }, { ...asked, destination })).toEqual(before)
  })
})
