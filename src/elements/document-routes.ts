import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { refusals } from '../http/problem.ts'
import type { Server } from '../http/server.ts'
import { editorSchema } from './editor-schema.ts'
import { getElement } from './find.ts'
import { drawImage } from './image.ts'
import { elementParams, readable, readingRefusals } from './route-parts.ts'

const shared = { ...readable, tags: ['elements'] }
const imageSeconds = 86_400

/** What is read by browsers and editors rather than by programs. */
export function documentRoutes(app: Server, { elements }: Pick<Context, 'elements'>) {
  app.get(
    '/elements/schema',
    {
      serializerCompiler: () => (document) => JSON.stringify(document),
      schema: {
        ...shared,
        operationId: 'getElementSchema',
        summary: 'Read the JSON Schema of a definition',
        description: 'For editors: an element as its author writes it.',
        response: {
          200: Type.Object({}, { additionalProperties: true, description: 'A JSON Schema' }),
          ...refusals(...readingRefusals),
        },
      },
    },
    async () => editorSchema,
  )

  app.get(
    '/elements/:keyOrId/image',
    {
      schema: {
        ...shared,
        operationId: 'getElementImage',
        summary: 'Read the picture of an element',
        description: 'A small SVG: its initials on the colour of its hub.',
        params: elementParams,
        response: {
          200: {
            description: 'The picture',
            content: { 'image/svg+xml': { schema: Type.String() } },
          },
          ...refusals(...readingRefusals, 'element-not-found'),
        },
      },
    },
    async ({ visitor, params }, reply) => {
      const { element } = await getElement(elements, visitor?.organizationId, params.keyOrId)
      const reach = visitor ? 'private' : 'public'
      reply.headers({
        'cache-control': `${reach}, max-age=${imageSeconds}`,
        'content-security-policy': "default-src 'none'; sandbox",
      })
      return reply.type('image/svg+xml').send(drawImage(element))
    },
  )
}
