import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyReply } from 'fastify'
import type { Server } from '../http/server.ts'

const dist = fileURLToPath(new URL('../../web/dist/', import.meta.url))
const hidden = { schema: { hide: true } } as const

/**
 * The console: static files, of which the page is sent with a nonce of its own. It is a client of
 * the API like any other; nothing here knows who calls.
 * @param folder what `npm run build` made
 */
export function consoleRoutes(app: Server, { folder = dist }: { folder?: string } = {}) {
  app.register(async (pages: Server) => {
    pages.register(fastifyStatic, {
      root: `${folder}/assets`,
      prefix: '/console/assets/',
      // Their names change with what is in them.
      immutable: true,
      maxAge: '1y',
      schemaHide: true,
    })
    const sendPage = async (reply: FastifyReply, opener = 'same-origin-allow-popups') => {
      const page = await readFile(`${folder}/index.html`, 'utf8').catch(() => undefined)
      if (page === undefined) return reply.code(503).type('text/plain').send(notBuilt)
      const nonce = randomBytes(16).toString('base64')
      return reply
        .headers({ ...headersFor(nonce), 'cross-origin-opener-policy': opener })
        .type('text/html; charset=utf-8')
        .send(page.replace('{nonce}', nonce))
    }
    pages.get('/console/icon.svg', hidden, async (_, reply) => reply.sendFile('icon.svg', folder))
    pages.get('/console', hidden, async (_, reply) => sendPage(reply))
    pages.get('/console/*', hidden, async (_, reply) => sendPage(reply))
    // Where a vendor's window comes back. Cut off from the page that opened it, it would be closed in
    // the eyes of that page before it has told what it brings.
    pages.get('/console/consent', hidden, async (_, reply) => sendPage(reply, 'unsafe-none'))
  })
}

const notBuilt = 'The console has not been built. Run "npm run build", and load this page again.\n'

/**
 * What browsers may do with the page: load its own files, add the styles that know the nonce, and
 * speak to its own origin; nobody frames it.
 */
function headersFor(nonce: string): Record<string, string> {
  const directives = {
    'default-src': "'none'",
    'script-src': "'self'",
    'style-src': `'self' 'nonce-${nonce}'`,
    'img-src': "'self' data:",
    'connect-src': "'self'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
  }
  const policy = Object.entries(directives).map(([name, value]) => `${name} ${value}`)
  return {
    'content-security-policy': policy.join('; '),
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'x-robots-tag': 'noindex',
    'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  }
}
