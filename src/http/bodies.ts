import type { FastifyInstance } from 'fastify'

/**
 * JSON is all that is taken. Clients that say so in every request may send no body to a route that
 * asks for none.
 */
export function takeJson(app: FastifyInstance) {
  app.removeContentTypeParser(['text/plain', 'application/json'])
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string' },
    (request, body, done) => {
      if (body === '' && !request.routeOptions.schema?.body) done(null, undefined)
      else parse(request, body, done)
    },
  )
}
