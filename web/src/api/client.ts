import createClient, { type Middleware } from 'openapi-fetch'
import { getSession, setSession } from '../session/session.ts'
import { ApiError, type Problem } from './problem.ts'
import type { paths } from './schema.d.ts'

const authorize: Middleware = {
  onRequest({ request }) {
    const session = getSession()
    if (session && !request.headers.has('authorization')) {
      request.headers.set('authorization', `Bearer ${session.token}`)
    }
    return request
  },
  async onResponse({ request, response }) {
    if (response.ok) return
    const problem = (await response
      .clone()
      .json()
      .catch(() => undefined)) as Problem | undefined
    // The token has ended, or was signed out elsewhere.
    const bearer = request.headers.get('authorization')?.startsWith('Bearer ')
    if (response.status === 401 && bearer) setSession(undefined)
    throw new ApiError(
      problem ?? { status: response.status, message: `The service answered ${response.status}.` },
    )
  },
}

/** The public API, with types generated from its document; a refusal is thrown as `ApiError`. */
export const api = createClient<paths>({ baseUrl: '/' })
api.use(authorize)

/** What a call answers, whose refusals were thrown. */
export async function dataOf<Result extends { data?: unknown }>(
  call: Promise<Result>,
): Promise<NonNullable<Result['data']>> {
  return (await call).data as NonNullable<Result['data']>
}
