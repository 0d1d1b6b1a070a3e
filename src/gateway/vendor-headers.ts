import type { IncomingHttpHeaders } from 'node:http'
import { escapes, renderAll } from '../exchange/template.ts'
import type { StoredConnection } from '../instances/connection.ts'
import { handOn } from './request-headers.ts'

/** What an element says of the headers of calls to it, rendered for one instance. */
interface Stated {
  headers: Record<string, string>
  /** Those that say whose instance it is: no caller can be somebody else by another value. */
  bound: ReadonlySet<string>
  /** Those of callers that this vendor gets, and others do not. */
  named: ReadonlySet<string> | undefined
}

const rendered = new WeakMap<StoredConnection, Stated>()

/**
 * The headers of a call before it is signed: the caller's, as far as they go on, and the element's
 * own. What the caller says goes before what the element states for all, but not before what it
 * fills from the configuration of the instance.
 * @throws {RenderError}
 */
export function vendorHeaders(
  connection: StoredConnection,
  given: IncomingHttpHeaders,
): Record<string, string> {
  let stated = rendered.get(connection)
  if (!stated) {
    stated = render(connection)
    rendered.set(connection, stated)
  }
  const headers = handOn(given, stated.named)
  for (const name in stated.headers) {
    if (stated.bound.has(name) || saysNothing(name, headers[name])) {
      headers[name] = stated.headers[name]!
    }
  }
  headers['user-agent'] ??= 'Latchkey'
  return headers
}

function render({ element, credentials }: StoredConnection): Stated {
  const { headers = {}, gateway } = element
  const written = renderAll(headers, credentials.values, escapes.header)
  const bound = Object.entries(headers).filter(([, template]) => /\{[A-Za-z]/.test(template))
  const { requestHeaders = [], idempotencyHeader } = gateway ?? {}
  const named = [...requestHeaders, idempotencyHeader ?? []].flat()
  return {
    headers: Object.fromEntries(written.map(([name, value]) => [name.toLowerCase(), value])),
    bound: new Set(bound.map(([name]) => name.toLowerCase())),
    named: named.length > 0 ? new Set(named.map((name) => name.toLowerCase())) : undefined,
  }
}

/** Clients that have no wish send the star all the same. */
function saysNothing(name: string, value: string | undefined): boolean {
  return value === undefined || (name === 'accept' && value === '*/*')
}
