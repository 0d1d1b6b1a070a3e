import { Type } from 'typebox'
import type { Context } from '../context.ts'
import type { OwnDefinition } from '../definition/element.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { getElement } from './find.ts'
import { checkOwnDefinition, ownDefinitionOf } from './own-definition.ts'
import { acceptAnyBody, elementParams, readingRefusals } from './route-parts.ts'

const tags = ['elements']
const anyId = 10_000

/** Definitions as their authors write them. */
export function definitionRoutes(app: Server, { elements }: Pick<Context, 'elements'>) {
  app.get(
    '/elements/:keyOrId/export',
    {
      // As it was written: its parts have members of their own.
      serializerCompiler: () => (definition) => JSON.stringify(definition),
      schema: {
        operationId: 'exportElement',
        summary: 'Export the definition of an element',
        description: 'What `POST /elements` takes. It holds no secret and no configuration.',
        tags,
        params: elementParams,
        response: {
          200: Model<OwnDefinition>('ElementDefinition'),
          ...refusals(...readingRefusals, 'element-not-found'),
        },
      },
    },
    async ({ principal, params }) => {
      const { element } = await getElement(elements, principal.organizationId, params.keyOrId)
      return ownDefinitionOf(element)
    },
  )

  app.post(
    '/elements/validate',
    {
      validatorCompiler: acceptAnyBody,
      schema: {
        operationId: 'validateElement',
        summary: 'Check a definition',
        description: 'Names every problem by its JSON Pointer (RFC 6901), and stores nothing.',
        tags,
        body: Model<OwnDefinition>('ElementDefinition'),
        response: {
          200: Type.Object(
            {
              valid: Type.Boolean(),
              problems: Type.Array(
                Type.Object({
                  pointer: Type.String({ description: 'Empty for all of it' }),
                  reason: Type.String(),
                }),
              ),
            },
            { description: 'What is wrong with it' },
          ),
          ...refusals(
            ...readingRefusals,
            'body-invalid',
            'definition-too-large',
            'body-too-large',
            'media-type-unsupported',
          ),
        },
      },
    },
    async ({ principal, body }) => {
      const { element, faults } = checkOwnDefinition(body, { id: anyId })
      const known = element && (await elements.find(principal.organizationId, element.key))
      const taken = known && !known.own
      const reason = 'is that of an element of the catalogue: choose another'
      const problems = taken ? [{ at: '/key', reason }] : faults
      return {
        valid: problems.length === 0,
        problems: problems.map(({ at: pointer, reason }) => ({ pointer, reason })),
      }
    },
  )
}
