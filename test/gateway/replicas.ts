import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { call } from '../support/client.ts'
import { until } from '../support/until.ts'
import { startWorld, type World, type WorldOptions } from '../support/world.ts'
import { definitions } from './scene.ts'

/** A vendor that answers how it was called. */
export async function startMirror() {
  const server = createServer(({ headers }, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ authorization: headers.authorization }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const options = { definitions, allow: ['127.0.0.1'] }

export const startFirst = () => startHearing(options)

/** Another process on the same database. */
export function startReplica({ keys, databaseUrl }: World, url = databaseUrl): Promise<World> {
  return startHearing({ ...options, databaseUrl: url, keys })
}

/** Nothing is remembered before the database is heard. */
async function startHearing(given: WorldOptions): Promise<World> {
  const world = await startWorld(given)
  await until(() => world.context.listener.isCurrent())
  return world
}

/** The password that the vendor sees, or else the code of the refusal. */
export async function see(replica: World, authorization: string): Promise<string | undefined> {
  const { body } = await call(replica, 'GET', '/proxy/me', { authorization })
  const [, sent] = String(body.authorization ?? '').split(' ')
  return sent ? Buffer.from(sent, 'base64').toString().split(':')[1] : body.code
}

/** The queries that the service's pool sends while `work` runs. */
export async function countQueries({ context }: World, work: () => Promise<unknown>) {
  const sent: string[] = []
  const { pool } = context.db
  const { query, connect } = pool
  const noting = (method: typeof query) =>
    ((...args: never[]) => {
      sent.push(JSON.stringify(args))
      return (method as (...all: never[]) => unknown).apply(pool, args)
    }) as never
  pool.query = noting(query)
  pool.connect = noting(connect as never)
  try {
    await work()
  } finally {
    Object.assign(pool, { query, connect })
  }
  return sent
}
