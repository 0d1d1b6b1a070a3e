import type { FastifyInstance } from 'fastify'
import { Refusal } from '../http/errors.ts'
import type { Vault } from '../vault/vault.ts'
import type { Callers } from './callers.ts'
import { identify } from './identify.ts'
import type { Principal } from './store.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** There in every scope behind `requireUser`. */
    principal: Principal
    /** There in every scope behind `recogniseUser`, where somebody says who calls. */
    visitor?: Principal
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

/** Behind `requireUser`: for admins of the organization alone. */
export function requireAdmin(app: FastifyInstance) {
  app.addHook('onRequest', async ({ principal }) => {
    if (principal.user.role === 'org-admin') return
    throw new Refusal(
      'role-insufficient',
      'Only admins of the organization may do this. Ask one of them.',
    )
  })
}

/** What is in this scope may be read by anyone; who says who calls has to be known. */
export function recogniseUser(app: FastifyInstance, context: { callers: Callers; vault: Vault }) {
  app.decorateRequest('principal')
  app.decorateRequest('visitor')
  app.addHook('onRequest', async (request, reply) => {
    const { authorization } = request.headers
    if (authorization === undefined) return
    reply.header('cache-control', 'no-store')
    request.principal = await identify(context, authorization)
    request.visitor = request.principal
  })
}
