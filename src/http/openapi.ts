import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { Type } from 'typebox'
import manifest from '../../package.json' with { type: 'json' }
import type { Server } from './server.ts'

const grammar = `\`Authorization: User <secret>, Organization <secret>[, Element <token>]\`

The parts may come in any order. \`User\` and \`Organization\` are the two secrets of the caller;
\`Element\` is the token of an instance, for calls through it. The value of this one header is the
whole line, such as \`User lku_…, Organization lko_…\`. \`Bearer <token>\`, which
\`POST /authentication\` answers, may stand in the place of the two secrets.
The routes of the operator take \`Operator <key>\` alone.`

const pagePolicy =
  "default-src 'self'; img-src 'self' data:; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"

/** OpenAPI 3.1 from the routes: `GET /openapi.json`, and a page at `/docs`. */
export function describeApi(app: Server, publicUrl: string | undefined) {
  const base = publicUrl ?? ''
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Latchkey',
        version: manifest.version,
        description:
          "Holds the connections between an application and the third-party systems its customers use: provisions an instance of an element, keeps its credentials sealed, and answers the token that stands for it. Paths work with and without Cloud Elements' prefix.",
      },
      servers: [
        { url: base || '/', description: 'As described here' },
        { url: `${base}/elements/api-v2`, description: "With Cloud Elements' prefix" },
      ],
      tags: [
        { name: 'instances', description: 'Elements provisioned with credentials' },
        { name: 'gateway', description: 'Calls to a vendor through an instance' },
        { name: 'elements', description: 'What can be connected, and what you add to it' },
        { name: 'connect', description: 'Links by which customers connect something themselves' },
        { name: 'oauth', description: "People's consents at OAuth vendors, and the apps that ask" },
        { name: 'certificates', description: 'Client certificates that instances present' },
        { name: 'users', description: 'Who may call, and what they may do' },
        { name: 'accounts', description: 'The parts of an organization' },
        { name: 'sign-in', description: 'Bearer tokens for people' },
        { name: 'audit', description: 'Who did what, when and from where' },
        { name: 'operator', description: 'Organizations, for whoever runs the service' },
        { name: 'service', description: 'The service itself' },
      ],
      components: {
        securitySchemes: {
          // Generators skip all but the first scheme on one header, hence one for the whole line.
          access: { type: 'apiKey', in: 'header', name: 'Authorization', description: grammar },
          page: {
            type: 'http',
            scheme: 'connect',
            description: 'The key of a page that opened the link of a connect session',
          },
        },
      },
      security: [{ access: [] }],
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, position) =>
        typeof schema.$id === 'string' ? schema.$id : `model-${position}`,
    },
    transformObject: (document) =>
      'openapiObject' in document
        ? namePaths(allowDefaults(document.openapiObject))
        : document.swaggerObject,
  })
  app.register(swaggerUi, { routePrefix: '/docs', staticCSP: pagePolicy })
  app.register(async (documents: Server) => {
    documents.get(
      '/openapi.json',
      { schema: { hide: true, response: { 200: Type.Any() } } },
      async () => app.swagger(),
    )
  })
}

/** What has a default may be left out; @fastify/swagger says so of no parameter. */
function allowDefaults<Document extends { paths?: object }>(document: Document): Document {
  for (const operations of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(operations as object)) {
      const { parameters = [] } = operation as { parameters?: Parameter[] }
      for (const parameter of parameters) {
        if (parameter.in === 'query' && parameter.schema?.default !== undefined) {
          parameter.required = false
        }
      }
    }
  }
  return document
}

/** What a star stands for in a path has no name to @fastify/swagger. */
function namePaths<Document extends { paths?: object }>(document: Document): Document {
  const paths = Object.entries(document.paths ?? {}).map(([path, operations]) => {
    if (!path.includes('{*}')) return [path, operations]
    for (const operation of Object.values(operations as object)) {
      const { parameters = [] } = operation as { parameters?: (Parameter & { name?: string })[] }
      for (const parameter of parameters) if (parameter.name === '*') parameter.name = 'path'
    }
    return [path.replace('{*}', '{path}'), operations]
  })
  return { ...document, paths: Object.fromEntries(paths) }
}

interface Parameter {
  in: string
  required?: boolean
  schema?: { default?: unknown }
}
