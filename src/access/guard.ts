import type { FastifyInstance } from 'fastify'
import type { Db } from '../database/database.ts'
import type { Vault } from '../vault/vault.ts'
import type { Callers } from './callers.ts'
import { identify } from './identify.ts'
import { elementPartOf, identifyConnection, identifyInstance } from './instance-token.ts'
import { type Right, requireRight } from './rights.ts'
import type { Principal } from './store.ts'
import type { TokenUses } from './token-uses.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** There in every scope behind `requireUser`. */
    principal: Principal
    /** There in every scope behind `recogniseUser`, where somebody says who calls. */
    visitor?: Principal
    /** There in every scope behind `requireInstance` and `requireConnection`. */
    instanceId: number
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

/** Behind `requireUser`: for those alone whose role has the right. */
export function guardRight(app: FastifyInstance, right: Right) {
  app.addHook('onRequest', async ({ principal }) => requireRight(principal, right))
}

/** Behind `requireUser`: for what is done to the instance whose token the header names besides. */
export function requireInstance(
  app: FastifyInstance,
  context: { db: Db; vault: Vault; tokenUses: TokenUses },
) {
  app.decorateRequest('instanceId')
  app.addHook('onRequest', async (request) => {
    const { principal, headers } = request
    request.instanceId = await identifyInstance(context, principal, headers.authorization)
  })
}

/** Everything in this scope goes through an instance to its vendor; User and Element will do. */
export function requireConnection(
  app: FastifyInstance,
  context: { db: Db; callers: Callers; vault: Vault; tokenUses: TokenUses },
) {
  app.decorateRequest('principal')
  app.decorateRequest('instanceId')
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    Object.assign(request, await identifyConnection(context, request.headers.authorization))
  })
}

/** Everything in this scope is for users; whoever calls through an instance may say so as there. */
export function requireUserOrConnection(
  app: FastifyInstance,
  context: { db: Db; callers: Callers; vault: Vault; tokenUses: TokenUses },
) {
  app.decorateRequest('principal')
  app.addHook('onRequest', async (request, reply) => {
    reply.header('cache-control', 'no-store')
    const { authorization } = request.headers
    const isThrough = elementPartOf(authorization) !== undefined
    request.principal = isThrough
      ? (await identifyConnection(context, authorization)).principal
      : await identify(context, authorization)
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
