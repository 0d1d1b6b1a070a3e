import type { FastifyInstance } from 'fastify'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { readToken } from '../vault/token.ts'
import { findOpenSession } from './progress-store.ts'
import { type OpenSession, principalOf } from './session.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** There in every scope behind `requirePage`. */
    connectSession: OpenSession
  }
}

/** Everything in this scope is for the page that opened a session's link. */
export function requirePage(app: FastifyInstance, context: Pick<Context, 'db' | 'vault'>) {
  app.decorateRequest('principal')
  app.decorateRequest('connectSession')
  app.addHook('onRequest', async (request) => {
    const session = await findByKey(context, request.headers.authorization)
    request.connectSession = session
    request.principal = principalOf(session)
  })
}

async function findByKey(
  { db, vault }: Pick<Context, 'db' | 'vault'>,
  authorization = '',
): Promise<OpenSession> {
  const [, key = ''] = /^Connect (\S+)$/i.exec(authorization) ?? []
  const organizationId = readToken('page', key)
  if (organizationId === undefined) throw unknownKey()
  const look = () => findOpenSession(db, organizationId, { page: vault.hashes(key) })
  const found = (await look()) ?? ((await vault.refreshPeppers()) ? await look() : undefined)
  if (!found) throw unknownKey()
  return found
}

function unknownKey(): Refusal {
  return new Refusal(
    'connect-key-unknown',
    'This page has no session (any more). Open the link, or ask for a new one.',
  )
}
