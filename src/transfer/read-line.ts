import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Server } from '../http/server.ts'

/**
 * Reads a line as the body of a request of its own: JSON that fits the model of that name.
 * @returns what throws as Fastify does for a body that does not fit
 */
export function lineReader<Body>(app: Server, model: string) {
  const parse = app.getDefaultJsonParser('error', 'error')
  const schema = Type.Ref(model)
  return async (request: FastifyRequest, text: string): Promise<Body> => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    parse(request, text, (error, body) => (error ? reject(error) : resolve(body)))
    const body = await promise
    const validate = request.compileValidationSchema(schema as never, 'body') as Validate
    if (validate(body)) return body as Body
    const refused = { validation: validate.errors, validationContext: 'body' }
    throw Object.assign(new Error('a line does not fit'), refused)
  }
}

interface Validate {
  (body: unknown): boolean
  errors?: unknown
}
