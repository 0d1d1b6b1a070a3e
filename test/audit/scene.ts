import { randomBytes } from 'node:crypto'
import { bodyOf } from '../certificates/fixtures.ts'
import { call, helpDesk } from '../support/client.ts'
import { oauthElement } from '../support/oauth-elements.ts'
import type { Secrets } from '../support/traces.ts'
import { api2, type World } from '../support/world.ts'

const tokenUrl = 'https://login.example.com/token'
export const definitions = [oauthElement(9801, 'vendor', { tokenUrl })]

/** Makes the things that deeds are done to; every secret that passes by is noted in `secrets`. */
export class Scene {
  readonly world: World
  readonly secrets: Secrets = { 'password of api2': api2.password }

  constructor(world: World) {
    this.world = world
    for (const part of world.authorization.split(', ')) this.#note(part.split(' ')[1]!)
  }

  /** A secret of this name that no other is. */
  secret(name: string): string {
    return this.#note(`${name.replaceAll(' ', '-')}-${randomBytes(12).toString('hex')}`)
  }

  helpDesk(changes: object = {}) {
    const password = { 'helpdesk.connectwise.password': api2.password }
    const login = { 'helpdesk.connectwise.username': api2.id, ...password }
    return { ...helpDesk(this.world, login), ...changes }
  }

  certificate(changes: object = {}) {
    return bodyOf('default.p12', { shared: false, ...changes })
  }

  app(changes: object = {}) {
    const clientSecret = this.secret('client secret')
    return { element: { key: 'vendor' }, name: 'App', clientId: 'id', clientSecret, ...changes }
  }

  user(changes: object = {}) {
    const email = `${randomBytes(6).toString('hex')}@example.com`
    const password = this.secret('password of a user')
    return { email, firstName: 'Ada', lastName: 'Lovelace', password, ...changes }
  }

  session() {
    return { element: { key: 'connectwisehd' }, allowedOrigin: 'https://app.example.com' }
  }

  webhook() {
    return { url: `${this.world.sandbox.url}/hooks`, events: ['*'] }
  }

  instance = (changes: object = {}) => this.make('/instances', this.helpDesk(changes))
  newCertificate = () => this.make('/certificates', this.certificate())
  newApp = () => this.make('/oauth-apps', this.app())
  newSession = () => this.make('/connect-sessions', this.session())
  newWebhook = () => this.make('/webhooks', this.webhook())
  newAccount = () => this.make('/accounts', { name: 'Part' })

  async newUser(changes: object = {}) {
    const [account] = (await call(this.world, 'GET', '/accounts')).body
    const given = this.user(changes)
    const { password } = given
    return { ...(await this.make(`/accounts/${account.id}/users`, given)), password }
  }

  async definition() {
    const { body } = await call(this.world, 'GET', '/elements/connectwisehd/export')
    return { ...body, key: `own${randomBytes(6).toString('hex')}` }
  }

  /** Sent when its turn comes: its id. */
  async waitingCall(): Promise<number> {
    const { token } = await this.instance()
    const authorization = `${this.world.authorization}, Element ${token}`
    const headers = { prefer: 'respond-async' }
    const answer = await call(this.world, 'GET', '/proxy/things', { authorization, headers })
    if (answer.status !== 202) throw new Error(answer.text)
    // Or it is written while somebody looks whether anything is.
    await this.world.context.tokenUses.flush()
    return answer.body.id
  }

  newElement = async () => this.make('/elements', await this.definition())

  make = (path: string, body: unknown) => this.send('POST', path, body)

  /** @throws where it is refused */
  async send(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) {
    const answer = await call(this.world, method, path, { body })
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.text}`)
    this.noteAll(answer.body)
    return answer.body
  }

  /** The secrets of ours in an answer. */
  noteAll(body: object | undefined) {
    const ours = JSON.stringify(body ?? {}).matchAll(
      /\b(?:lk[a-z]_[0-9a-zA-Z_]{40,}|whsec_[A-Za-z0-9+/]{43}=)/g,
    )
    for (const [text] of ours) this.#note(text)
  }

  #note(secret: string): string {
    this.secrets[`secret ${Object.keys(this.secrets).length}`] = secret
    return secret
  }
}
