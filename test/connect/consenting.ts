import { expect } from 'vitest'
import { Browser } from '../support/browser.ts'
import { consentElement } from '../support/consent-elements.ts'
import { startOAuthServer } from '../support/oauth-server.ts'
import { startWorld } from '../support/world.ts'
import { Customer, createSession, readSession } from './customer.ts'

export const clientSecret = 'client-secret-of-the-app-and-long-enough'
export const elementId = 9871
export const statelessId = 9872
export const authentication = 'oauth2'

/** A service with its own callback, and a vendor whose consents come back to it. */
export async function openConsenting() {
  const world = await startWorld({
    definitions: [
      consentElement(elementId, 'consented', { pkce: true }),
      consentElement(statelessId, 'stateless', { codeWithoutState: true }),
    ],
    allow: ['127.0.0.1'],
  })
  const server = await startOAuthServer([
    {
      client_id: 'app-pkce',
      client_secret: clientSecret,
      redirect_uris: [`${world.url}/oauth/callback`],
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ])
  const preset = () => ({ server: server.url, id: 'app-pkce', secret: clientSecret })
  const answers = { elementId, authentication }

  async function begin(more: object = {}) {
    const session = await createSession(world, {
      element: { key: 'consented' },
      configuration: preset(),
      ...more,
    })
    const customer = new Customer(world)
    await customer.open(session.url)
    return { session, customer }
  }

  /** The vendor's page, to which the customer's browser was sent. */
  async function leave(customer: Customer, place = 'window'): Promise<string> {
    const { body } = await customer.authorize(answers, place)
    const went = await customer.visit(body.url)
    expect(went.status, went.text).toBe(303)
    return went.headers.location as string
  }

  async function consent(customer: Customer, answer: 'grant' | 'deny' = 'grant', place = 'window') {
    return new Browser().consent(await leave(customer, place), answer)
  }
  const read = (id: number) => readSession(world, id)
  return { server, world, preset, answers, begin, leave, consent, read }
}
