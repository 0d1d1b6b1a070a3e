import { expect } from 'vitest'
import { type Answer, call, helpDesk } from '../support/client.ts'
import { startWebServer } from '../support/web-server.ts'
import { api2, startWorld } from '../support/world.ts'

export const entry = (name: string) => `helpdesk.connectwise.${name}`
export const username = entry('username')
export const password = entry('password')
export const server = entry('server.url')
export const signature = 'event.notification.signature.key'
export const stars = '********'
export const secondLogin = { [username]: api2.id, [password]: api2.password }

/** A service with instances to change, and a server that they must not be sent to. */
export async function openChanging() {
  const elsewhere = await startWebServer(() => ({ status: 500 }))
  const world = await startWorld({ allow: [new URL(elsewhere.url).host] })

  async function provision(configuration: object = {}, more: object = {}): Promise<string> {
    const body = { ...helpDesk(world, configuration), ...more }
    const answer = await call(world, 'POST', '/instances', { body })
    expect(answer.status).toBe(200)
    return `/instances/${answer.body.id}`
  }
  const get = async (path: string) => (await call(world, 'GET', path)).body
  const patch = (path: string, body: object, headers = {}) =>
    call(world, 'PATCH', path, { body, headers })
  const put = (path: string, body: object) => call(world, 'PUT', path, { body })
  const works = async (path: string) => (await call(world, 'POST', `${path}/verify`)).status === 200
  const idOf = (path: string) => Number(path.split('/').at(-1))
  const codeOf = ({ status, body }: Answer) => ({ status, code: body.code })
  /** Everything that is stored of an instance. */
  async function storedOf(path: string) {
    const values = [world.organizationId, idOf(path), `instance/${idOf(path)}`]
    const { rows } = await world.context.db.pool.query(
      `select to_jsonb(i) as instance, (select jsonb_agg(to_jsonb(s) order by entry) from secrets s
         where s.organization_id = $1 and s.owner = $3) as secrets
       from instances i where organization_id = $1 and id = $2`,
      values,
    )
    return rows[0]
  }
  async function versionsOf(path: string): Promise<Record<string, number>> {
    const { secrets } = await storedOf(path)
    return Object.fromEntries(
      secrets.map((secret: { entry: string; secret_version: number }) => [
        secret.entry,
        secret.secret_version,
      ]),
    )
  }
  /** A refusal that leaves everything as it was, and the old credentials working. */
  async function refused(path: string, send: () => Promise<Answer>) {
    const before = await storedOf(path)
    const answer = await send()
    expect(await storedOf(path)).toEqual(before)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    world.sandbox.reset()
    expect(await works(path)).toBe(true)
    return answer
  }
  return {
    world,
    elsewhere,
    provision,
    get,
    patch,
    put,
    works,
    idOf,
    codeOf,
    storedOf,
    versionsOf,
    refused,
  }
}
