import { checkConfiguration, type Scalar } from '../../src/definition/configuration.ts'
import { DefinitionError, type Element, parseElement } from '../../src/definition/element.ts'

/** A definition that is right, for tests to change. */
export function definition(changes: object = {}) {
  return {
    format: 1,
    id: 9100,
    key: 'example',
    name: 'Example',
    hub: 'general',
    description: 'An element.',
    configDescription: 'How to connect.',
    image: 'elements/example.png',
    entries: [
      { key: 'server.url', name: 'Server', type: 'url', required: true },
      { key: 'api.path', name: 'Path', type: 'path', default: '/v1/' },
      {
        key: 'user.name',
        aliases: ['userName', 'login'],
        name: 'User',
        type: 'text',
        required: true,
      },
      { key: 'pass.word', name: 'Password', type: 'password', required: true, secret: true },
      { key: 'page.size', name: 'Page size', type: 'number', default: 50 },
      { key: 'dry.run', name: 'Dry run', type: 'boolean' },
      { key: 'private.notes', name: 'Notes', type: 'textarea' },
      { key: 'events.on', name: 'Events', type: 'boolean', inert: true },
    ],
    baseUrl: '{server.url}{api.path}',
    authentications: [
      { type: 'basic', name: 'Basic', username: '{user.name}', password: '{pass.word}' },
    ],
    probes: [probe],
    ...changes,
  }
}

/** What proves its credentials. */
export const probe = {
  method: 'GET',
  path: 'me/{user.name}',
  query: { size: '{page.size}' },
  headers: { accept: 'application/json' },
  rules: [{ when: { status: 200 }, verdict: 'verified' }],
}

export const element = (changes: object = {}): Element => parseElement(definition(changes), 'test')

/** A configuration checked for the first of an element's authentications. */
export function checkOf(checked: Element, given: Record<string, Scalar>) {
  return checkConfiguration(checked, checked.authentications[0]!, given)
}

/** An element whose base URL is made of these entries. */
export function addressed(baseUrl: string, ...entries: object[]): Element {
  const authentications = [{ type: 'basic', name: 'Basic', username: 'u', password: 'p' }]
  const named = entries.map((entry) => ({ name: 'Any', ...entry }))
  return element({ baseUrl, entries: named, authentications, probes: [] })
}

/** What is wrong with a definition, one problem each. */
export function faultsOf(given: unknown): string[] {
  try {
    parseElement(given, 'x.json')
    return []
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error
    return error.message.split('\n')
  }
}
