import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import type { Server } from '../http/server.ts'
import { baseOf } from './base.ts'
import { land } from './callback.ts'
import { useTicket } from './consent.ts'
import { clearCookie, markCookie } from './cookie.ts'
import { readPublicId } from './link.ts'
import { type Notice, renderNotice } from './notice.ts'
import { pageHeaders } from './policy.ts'
import { findOpenSession } from './progress-store.ts'

const html = 'text/html; charset=utf-8'
const types = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' }
const assets = readdirSync(new URL('./page/', import.meta.url)).filter((name) =>
  /\.(js|css)$/.test(name),
)
const dist = fileURLToPath(new URL('../../web/dist/connect/', import.meta.url))
const hidden = { schema: { hide: true }, exposeHeadRoute: false } as const

/**
 * What browsers are sent to: the page, the way to the vendor, and the way back.
 * @param folder what `npm run build` made of the page
 */
export function connectBrowserRoutes(
  app: Server,
  context: Context,
  { folder = dist }: { folder?: string } = {},
) {
  app.register(fastifyStatic, {
    root: `${folder}/assets`,
    prefix: '/connect/assets/',
    // Their names change with what is in them.
    immutable: true,
    maxAge: '1y',
    schemaHide: true,
    decorateReply: false,
  })
  for (const name of assets) {
    const text = readOwn(name)
    const type = types[name.split('.')[1] as keyof typeof types]
    app.get(`/connect/assets/${name}`, hidden, async (_, reply) =>
      reply.header('cache-control', 'no-cache').type(type).send(text),
    )
  }

  app.get<{ Params: { name: string } }>('/connect/:name', hidden, async ({ params }, reply) => {
    const key = readPublicId(context.vault, params.name)
    const session = key && (await findOpenSession(context.db, key.organizationId, key))
    const page = await readFile(`${folder}/connect.html`, 'utf8').catch(() => undefined)
    if (page === undefined) return sendNotice(reply, 503, notBuilt)
    const nonce = randomBytes(16).toString('base64')
    return reply
      .headers(pageHeaders(context.config, session, nonce))
      .type(html)
      .send(page.replace('{nonce}', nonce))
  })

  app.get<{ Querystring: Record<string, unknown> }>(
    '/connect/go',
    hidden,
    async (request, reply) => {
      const { session, ticket } = request.query
      const key = readPublicId(context.vault, String(session))
      const departure =
        isIdle(request) || isSentHere(request)
          ? undefined
          : key && (await useTicket(context, key, String(ticket)))
      if (!departure) return sendNotice(reply, 410, usedTicket)
      return reply
        .headers(pageHeaders(context.config, undefined))
        .header('set-cookie', markCookie(baseOf(context, app), departure))
        .redirect(departure.url, 303)
    },
  )

  app.get<{ Querystring: Record<string, unknown> }>(
    '/oauth/callback',
    { ...hidden, config: { fenced: true } },
    async (request, reply) => {
      if (isIdle(request)) return reply.code(204).send()
      const { query, id: requestId, ip: address, noted } = request
      const base = baseOf(context, app)
      const note = (what: object) => void Object.assign(noted, what)
      const { cookie } = request.headers
      const landing = await land(context, { query, cookie, base, requestId, address, note })
      if (landing.state !== undefined) reply.header('set-cookie', clearCookie(base, landing.state))
      return sendNotice(reply, landing.connected ? 200 : 400, landing.notice)
    },
  )

  function sendNotice(reply: FastifyReply, status: number, notice: Notice) {
    reply.headers(pageHeaders(context.config, undefined))
    return reply.code(status).type(html).send(renderNotice(notice))
  }
}

/** A browser that looks ahead: what works once is not for it. */
function isIdle({ headers }: FastifyRequest): boolean {
  const purpose = headers['sec-purpose'] ?? headers.purpose ?? headers['x-moz']
  return /prefetch|prerender|preview/i.test(String(purpose ?? ''))
}

/**
 * Whoever follows a way that another sent would consent for that other. Only our own page leads
 * there, and browsers say where a request comes from (Fetch Metadata, section 2.3).
 */
function isSentHere({ headers }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site']
  return site !== undefined && site !== 'same-origin'
}

const usedTicket: Notice = {
  title: 'This way is closed',
  message:
    'It can be taken once, only for two minutes, and only from the page that it belongs to. Go back, and begin again.',
}

const notBuilt: Notice = {
  title: 'Not here yet',
  message: 'This page has not been built. Run "npm run build" where the service runs, and reload.',
}

function readOwn(name: string): string {
  return readFileSync(new URL(`./page/${name}`, import.meta.url), 'utf8')
}
