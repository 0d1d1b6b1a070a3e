import type { FastifyInstance } from 'fastify'
import { Refusal } from './errors.ts'

const json = 'application/json'

/** Refuses what would be answered in a form that the header `Accept` excludes. */
export function heedAccept(app: FastifyInstance) {
  app.addHook('onRequest', ({ headers, routeOptions, is404 }, _, done) => {
    const { accept } = headers
    const { schema } = routeOptions
    if (accept === undefined || is404 || !schema?.response || schema.hide) return done()
    const types = typesOf(schema.response)
    if (types.includes('*/*') || types.some((type) => isAcceptable(type, accept))) return done()
    const message = `This path answers ${types.join(' or ')}, which the Accept header excludes. Leave the header out, or add that type.`
    done(new Refusal('not-acceptable', message))
  })
}

function typesOf(response: unknown): string[] {
  const { content } = (response as Record<number, { content?: object }>)[200] ?? {}
  return content ? Object.keys(content) : [json]
}

/** RFC 9110, section 12.5.1: of the ranges that a type is in, the most specific one decides. */
export function isAcceptable(type: string, accept: string): boolean {
  const [main] = type.split('/')
  const ranges = accept.split(',').map(readRange)
  for (const range of [type, `${main}/*`, '*/*']) {
    const qualities = ranges.filter(({ name }) => name === range).map(({ quality }) => quality)
    if (qualities.length > 0) return Math.max(...qualities) > 0
  }
  // An empty header says nothing.
  return accept.trim() === ''
}

function readRange(text: string): { name: string; quality: number } {
  const [name = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
  return { name, quality: quality === undefined ? 1 : Number(quality) || 0 }
}
