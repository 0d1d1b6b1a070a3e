import type { Readable } from 'node:stream'
import { getGlobalDispatcher } from 'undici'
import { call } from '../support/client.ts'
import type { World } from '../support/world.ts'

/** An instance of an element: its id, and the header with which it is called through. */
export async function instanceOf(
  world: World,
  element: string,
  configuration: object,
  settings: object = {},
) {
  const { status, text, body } = await call(world, 'POST', '/instances', {
    body: { element: { key: element }, name: 'N', configuration, settings },
  })
  if (status !== 200) throw new Error(text)
  const authorization = `${world.authorization}, Element ${body.token}`
  return { id: body.id as number, authorization }
}

interface Sent {
  headers?: Record<string, string>
  body?: string | Buffer | Readable
  signal?: AbortSignal
}

/** A call through an instance, and what the client gets for it. */
export async function through(
  { url }: Pick<World, 'url'>,
  { authorization }: { authorization: string },
  method: string,
  path: string,
  { headers, body, signal }: Sent = {},
) {
  // Other than a URL, a path is sent as it is.
  const answer = await getGlobalDispatcher().request({
    origin: url,
    path: `/proxy${path}`,
    method: method as 'GET',
    headers: { authorization, ...headers },
    body: body ?? null,
    ...(signal && { signal }),
    headersTimeout: 60_000,
  })
  const text = await answer.body.text()
  return {
    status: answer.statusCode,
    headers: answer.headers as Record<string, string | undefined>,
    text,
    /** The code of our own refusal; undefined where the vendor has answered. */
    code: answer.headers['elements-error'] as string | undefined,
    message: text.startsWith('{') ? (JSON.parse(text).message as string | undefined) : undefined,
  }
}
