import { type Authentication, sign } from '../authentication/authentication.ts'
import type { Values, VendorRequest } from '../authentication/request.ts'
import { escapes, RenderError, render, renderForm, renderJson } from '../authentication/template.ts'
import { addressOf, baseUrlOf } from '../elements/base-url.ts'
import type { Element, Probe } from '../elements/element.ts'

/** What is tried: an element with one of its authentications and the values for both. */
export interface Credentials {
  element: Element
  authentication: Authentication
  baseUrl: URL
  values: Values
  secretKeys: ReadonlySet<string>
}

/**
 * Renders and signs the probe's request; with masked values it is what may be shown.
 * @throws {RenderError} for a value that cannot stand where the definition puts it
 */
export function buildRequest(
  probe: Probe,
  credentials: Pick<Credentials, 'authentication' | 'baseUrl'>,
  values: Values,
): VendorRequest {
  const headers: Record<string, string> = { 'user-agent': 'Latchkey' }
  for (const [name, template] of Object.entries(probe.headers ?? {})) {
    headers[name.toLowerCase()] = render(template, values, escapes.header)
  }
  const { type, body } = renderBody(probe, values)
  if (type) headers['content-type'] ??= type
  const unsigned: VendorRequest = {
    method: probe.method,
    url: addressOf(credentials.baseUrl, probe.path, probe.query, values),
    headers,
    body,
  }
  return sign(unsigned, credentials.authentication, values)
}

function renderBody({ body }: Probe, values: Values): { type?: string; body: string | undefined } {
  if (!body) return { body: undefined }
  if ('xml' in body)
    return { type: 'text/xml; charset=utf-8', body: render(body.xml, values, escapes.xml) }
  if ('form' in body) {
    return { type: 'application/x-www-form-urlencoded', body: renderForm(body.form, values) }
  }
  return { type: 'application/json', body: JSON.stringify(renderJson(body.json, values)) }
}

/**
 * Every given value that cannot stand where the definition puts it. Each is tried by itself, among
 * stand-ins for all others, so that one fault hides no other.
 */
export function findUnrenderable(
  element: Element,
  authentication: Authentication,
  values: Values,
): { key: string; reason: string }[] {
  const standIns = element.entries.map(({ key }) => [key, 'x'] as const)
  return [...values].flatMap(([key, value]) => {
    try {
      const alone = new Map([...standIns, [key, value]])
      const baseUrl = baseUrlOf(element, alone)
      if (element.probe) buildRequest(element.probe, { authentication, baseUrl }, alone)
      return []
    } catch (error) {
      if (error instanceof RenderError) return [{ key: error.key, reason: error.message }]
      throw error
    }
  })
}
