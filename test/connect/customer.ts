import { request } from 'undici'
import { type Answer, call } from '../support/client.ts'
import type { World } from '../support/world.ts'

export const allowedOrigin = 'https://app.example.com'

/** A session of the world's user, as its client app makes it. */
export async function createSession(world: World, body: object): Promise<Answer['body']> {
  const answer = await call(world, 'POST', '/connect-sessions', {
    body: { allowedOrigin, ...body },
  })
  if (answer.status !== 200) throw new Error(answer.text)
  return answer.body
}

export const readSession = async (world: World, id: number) =>
  (await call(world, 'GET', `/connect-sessions/${id}`)).body

/** Somebody with a browser, and all that it received of the service. */
export class Customer {
  readonly #world: Pick<World, 'url'>
  readonly #cookies = new Map<string, string>()
  /** Bodies and headers of every answer. */
  readonly received: string[] = []
  #key = ''

  constructor(world: Pick<World, 'url'>) {
    this.#world = world
  }

  /** Opens a session's link, as the page does. */
  async open(url: string): Promise<Answer> {
    const answer = await this.#call('POST', '/connect/session/open', {
      link: new URL(url).hash.slice(1),
    })
    this.#key = answer.body?.key ?? this.#key
    return answer
  }

  form = () => this.#call('GET', '/connect/session/form')
  state = () => this.#call('GET', '/connect/session/state')
  cancel = () => this.#call('POST', '/connect/session/cancel')
  provision = (answers: object) => this.#call('POST', '/connect/session/provision', answers)
  certificates = (answers: object) => this.#call('POST', '/connect/session/certificates', answers)
  authorize = (answers: object, place = 'window') =>
    this.#call('POST', `/connect/session/authorize?place=${place}`, answers)

  /** What the browser shows at an address of the service, with its cookies. */
  async visit(
    address: string | URL,
    { method = 'GET', headers = {} }: { method?: 'GET' | 'HEAD'; headers?: object } = {},
  ): Promise<Answer> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await request(address, {
      method,
      headers: { ...headers, ...(cookie && { cookie }) },
    })
    for (const one of [answer.headers['set-cookie'] ?? []].flat()) {
      const [pair = ''] = one.split(';', 1)
      const at = pair.indexOf('=')
      if (/max-age=0/i.test(one)) this.#cookies.delete(pair.slice(0, at))
      else this.#cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    const text = await answer.body.text()
    this.received.push(JSON.stringify(answer.headers), text)
    return { status: answer.statusCode, headers: answer.headers, text, body: undefined }
  }

  async #call(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
    const authorization = this.#key ? `Connect ${this.#key}` : null
    const sent = method === 'POST' ? { body: body ?? {} } : {}
    const answer = await call({ ...this.#world, authorization: '' }, method, path, {
      ...sent,
      authorization,
    })
    this.received.push(JSON.stringify(answer.headers), answer.text)
    return answer
  }
}
