import type { FastifyInstance } from 'fastify'
import type { Vault } from '../vault/vault.ts'
import type { Callers } from './callers.ts'
import { identify } from './identify.ts'
import type { Principal } from './store.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** There in every scope behind `requireUser`. */
    principal: Principal
  }
}

/** Everything in this scope is for users alone; they are known before the body is read. */
export function requireUser(app: FastifyInstance, context: { callers: Callers; vault: Vault }) {
  app.decorateRequest('principal')
  app.addHook('onRequest', async (request, reply) => {
    // An answer may hold a token.
    reply.header('cache-control', 'no-store')
    request.principal = await identify(context, request.headers.authorization)
  })
}
