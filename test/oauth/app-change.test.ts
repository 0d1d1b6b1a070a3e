import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { call } from '../support/client.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import { openAppProfiles, tokenUrl } from './app-profiles.ts'

const { world, put, read, remove, keep, useIt, query, secretOf, newPeople } =
  await openAppProfiles()
afterAll(() => world[Symbol.asyncDispose]())

let colleague: { authorization: string; userId: number }
let another: { authorization: string; userId: number }
beforeEach(async () => {
  ;({ colleague, another } = await newPeople())
})

describe('PUT /oauth-apps/{id}', () => {
  test('replaces the client; what is left out stays', async () => {
    const id = await keep({ shared: true })
    const client = { clientId: 'other-app', clientSecret: 'another-secret' }
    const { status, body } = await put(id, client)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      id,
      name: 'Acme at the vendor',
      clientId: 'other-app',
      clientSecret: '********',
      shared: true,
      origins: ['https://login.example.com'],
    })
    expect(await secretOf(id)).toBe('another-secret')
  })

  test('takes back what it answered, and keeps the secret', async () => {
    const id = await keep()
    const answered = (await read(id)).body
    const { status, body } = await put(id, { ...answered, name: 'Renamed' })
    expect(status).toBe(200)
    expect(body).toEqual({ ...answered, name: 'Renamed', updatedDate: body.updatedDate })
    expect(await secretOf(id)).toBe('a-secret-of-the-app')
  })

  test('keeps the secret while the id changes', async () => {
    const id = await keep()
    const { body } = await put(id, { clientId: 'other-app', clientSecret: '********' })
    expect(body.clientId).toBe('other-app')
    expect(await secretOf(id)).toBe('a-secret-of-the-app')
  })

  test.each(['********', undefined])(
    'wants the secret again where it is to go elsewhere: %s',
    async (clientSecret) => {
      const id = await keep()
      for (const origins of [
        ['https://evil.example.com'],
        ['https://login.example.com', 'https://evil.example.com'],
        ['https://*.example.com'],
      ]) {
        const { body } = await put(id, { clientSecret, origins })
        expect(body).toMatchObject({
          status: 422,
          code: 'secrets-required',
          missing: [{ key: 'clientSecret', name: 'Client secret' }],
        })
      }
      expect((await read(id)).body.origins).toEqual(['https://login.example.com'])
      expect(await secretOf(id)).toBe('a-secret-of-the-app')
    },
  )

  test('takes other origins together with the secret, which goes nowhere else then', async () => {
    const id = await keep()
    const origins = ['https://*.example.org']
    const { body } = await put(id, { clientSecret: 'sent-once-more', origins })
    expect(body.origins).toEqual(origins)
    expect(await secretOf(id, 'https://eu.example.org')).toBe('sent-once-more')
    await expect(secretOf(id)).rejects.toThrow('not given for https://login.example.com')
  })

  test('brings what an element asks for that proves its client in another way by now', async () => {
    const { id: _, ...own } = oauthElement(0, 'changing', { tokenUrl })
    expect((await call(world, 'POST', '/elements', { body: own })).status).toBe(200)
    const id = await keep({ element: { key: 'changing' } })
    const [authentication] = own.authentications
    const open = { ...authentication, clientAuthentication: 'none', clientSecret: undefined }
    const draft = {
      element: { key: 'changing' },
      name: 'N',
      configuration: { server: 'https://api.example.com' },
      verify: false,
    }
    for (const [changes, client] of [
      [open, { clientSecret: null }],
      [authentication, { clientSecret: 'a-secret-once-more' }],
    ]) {
      const body = { ...own, authentications: [changes] }
      expect((await call(world, 'PUT', '/elements/changing', { body })).status).toBe(200)
      const refused = await call(world, 'POST', '/instances', { body: draft })
      expect(refused.body).toMatchObject({ status: 400, code: 'oauth-app-unfit' })
      expect((await put(id, client!)).status).toBe(200)
      const { body: instance } = await call(world, 'POST', '/instances', { body: draft })
      expect(instance.authentication.oauthAppId).toBe(id)
    }
    expect(await secretOf(id)).toBe('a-secret-once-more')
  })

  test('refuses another element or authentication, and what POST would', async () => {
    const id = await keep()
    for (const changes of [
      { element: { key: 'signed' } },
      { element: { id: 9808 } },
      { element: { key: 'nothing' } },
      { authentication: { type: 'oauth1' } },
      { clientSecret: 'two\nlines' },
      { clientSecret: '' },
      { clientSecret: null },
      { name: '' },
      { origins: ['http://login.example.com'] },
      { misspelt: true },
    ]) {
      const { body } = await put(id, changes)
      expect([changes, body.status, body.code]).toEqual([changes, 400, 'body-invalid'])
    }
    expect(await secretOf(id)).toBe('a-secret-of-the-app')
  })

  test('lets an admin share, and nobody else', async () => {
    const id = await keep({}, colleague.authorization)
    const refused = await put(id, { shared: true }, colleague.authorization)
    expect(refused.body).toMatchObject({ status: 403, code: 'role-insufficient' })
    expect((await put(id, { shared: true })).body.shared).toBe(true)
    expect((await read(id, another.authorization)).status).toBe(200)
  })

  test('refuses to withdraw it from others who use it', async () => {
    const id = await keep({ shared: true })
    await useIt(id)
    const { id: theirs } = await useIt(id, colleague.authorization)
    const { body } = await put(id, { shared: false })
    expect(body).toMatchObject({ status: 409, code: 'oauth-app-in-use' })
    await query('delete from instances where id = $1', theirs)
    expect((await put(id, { shared: false })).body.shared).toBe(false)
  })

  test('of many at once makes one whole', async () => {
    const id = await keep()
    const clients = Array.from({ length: 8 }, (_, n) => ({
      clientId: `app-${n}`,
      clientSecret: `secret-of-app-${n}`,
    }))
    const answers = await Promise.all(clients.map((client) => put(id, client)))
    expect(answers.map(({ status }) => status)).toEqual(clients.map(() => 200))
    const { clientId } = (await read(id)).body
    expect(await secretOf(id)).toBe(`secret-of-${clientId}`)
  })

  test('lets instances try again whose tokens could not be refreshed, and no others', async () => {
    const [id, other] = [await keep(), await keep()]
    const [ours, theirs] = [await useIt(id), await useIt(other)]
    for (const instance of [ours, theirs]) {
      await query(
        `insert into oauth_tokens (organization_id, instance_id, failures, retry_at)
         values ($1, $2, 3, now() + interval '1 hour')`,
        world.organizationId,
        instance.id,
      )
    }
    await put(id, { clientSecret: 'another-secret' })
    const rows = await query(
      'select failures, retry_at is null as now from oauth_tokens where organization_id = $1 order by instance_id',
      world.organizationId,
    )
    expect(rows).toEqual([
      { failures: 0, now: true },
      { failures: 3, now: false },
    ])
  })
})

describe('DELETE /oauth-apps/{id}', () => {
  test('is refused while instances use it, and names them', async () => {
    const id = await keep()
    const instance = await useIt(id)
    expect((await read(id)).body.instances).toBe(1)
    const { body } = await remove(id)
    expect(body).toMatchObject({ status: 409, code: 'oauth-app-in-use', references: [instance] })
    expect(await secretOf(id)).toBe('a-secret-of-the-app')
    await query('delete from instances where id = $1', instance.id)
    expect((await remove(id)).status).toBe(200)
  })

  test('tells a user the number of instances of others, and an admin their names', async () => {
    const id = await keep({}, colleague.authorization)
    const own = await useIt(id, colleague.authorization)
    expect((await put(id, { shared: true })).status).toBe(200)
    const other = await useIt(id, another.authorization)
    const asUser = await remove(id, colleague.authorization)
    expect(asUser.body.references).toEqual([own])
    expect(asUser.body.message).toContain('2 instances use this app profile (1 of them of other')
    expect(asUser.text).not.toContain(`"id":${other.id}`)
    const asAdmin = await remove(id)
    expect(asAdmin.body.references).toEqual([own, other])
  })

  test('removes it with its secret, and the audit says who did what', async () => {
    const id = await keep()
    await put(id, { name: 'Renamed' })
    const { status, body } = await remove(id)
    expect([status, body]).toEqual([200, {}])
    expect(await query('select 1 from secrets where owner = $1', `oauth-app/${id}`)).toEqual([])
    expect((await remove(id)).status).toBe(404)
    const entries = await query(
      `select action, user_id as "userId" from audit_entries
       where organization_id = $1 and detail->>'oauthAppId' = $2 order by id`,
      world.organizationId,
      String(id),
    )
    const { userId } = world
    expect(entries).toEqual([
      { action: 'oauth-app.created', userId },
      { action: 'oauth-app.replaced', userId },
      { action: 'oauth-app.deleted', userId },
    ])
  })
})
