import { readFileSync } from 'node:fs'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** What the OpenAPI document says of one route and method. */
export interface Operation {
  operationId: string
  method: Method
  path: string
  /** Whether everybody may call it, known or not. */
  open: boolean
  /** The media type of its body, where it has one. */
  takes: string | undefined
  pathParameters: string[]
  queryParameters: { name: string; required: boolean }[]
}

interface Described {
  operationId: string
  security?: object[]
  requestBody?: { content: object }
  parameters?: { in: string; name: string; required?: boolean }[]
}

const file = new URL('../../openapi/openapi.json', import.meta.url)
const { paths } = JSON.parse(readFileSync(file, 'utf8')) as {
  paths: Record<string, Record<string, Described>>
}

/** Every route of the service with every method of its own. */
export const operations: Operation[] = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => {
    const { operationId, security, requestBody, parameters = [] } = described
    const parametersIn = (place: string) => parameters.filter((one) => one.in === place)
    return {
      operationId,
      method: method.toUpperCase() as Method,
      path,
      open: security !== undefined && (security.length === 0 || security.some(isEmpty)),
      takes: requestBody && Object.keys(requestBody.content)[0],
      pathParameters: parametersIn('path').map(({ name }) => name),
      queryParameters: parametersIn('query').map(({ name, required = false }) => ({
        name,
        required,
      })),
    }
  }),
)

function isEmpty(requirement: object): boolean {
  return Object.keys(requirement).length === 0
}
