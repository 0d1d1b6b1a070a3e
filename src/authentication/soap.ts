import { SaxesParser } from 'saxes'
import { Type } from 'typebox'
import type { Values, VendorRequest } from './request.ts'
import { escapes, render } from './template.ts'

const XmlName = Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_.-]*$' })

const schema = Type.Object(
  {
    type: Type.Literal('soap'),
    name: Type.String(),
    /** The element that holds the credentials, and its children in order. */
    element: XmlName,
    fields: Type.Array(
      Type.Object({ name: XmlName, value: Type.String() }, { additionalProperties: false }),
    ),
  },
  { additionalProperties: false },
)

interface SoapCredentials {
  element: string
  fields: { name: string; value: string }[]
}

/** Credentials as the first child of the operation in a SOAP body, in the operation's namespace. */
export const soap = {
  schema,
  sign(request: VendorRequest, authentication: SoapCredentials, values: Values): VendorRequest {
    const place = findOperation(request.body ?? '')
    if (!place) throw new Error('the request body is no SOAP envelope with an operation')
    const tag = (name: string, content: string) =>
      `<${place.prefix}${name}>${content}</${place.prefix}${name}>`
    const fields = authentication.fields.map(({ name, value }) =>
      tag(name, render(value, values, escapes.xml)),
    )
    return {
      ...request,
      body: insert(request.body!, place, tag(authentication.element, fields.join(''))),
    }
  },
}

interface Place {
  name: string
  prefix: string
  end: number
  selfClosing: boolean
}

function insert(envelope: string, place: Place, fragment: string): string {
  const before = envelope.slice(0, place.end)
  const after = envelope.slice(place.end)
  if (!place.selfClosing) return before + fragment + after
  return `${before.replace(/\s*\/>$/, '>')}${fragment}</${place.name}>${after}`
}

/** Where the start tag of `Envelope/Body/*` ends; undefined for what is no such XML. */
function findOperation(envelope: string): Place | undefined {
  const parser = new SaxesParser({ position: true })
  const path: string[] = []
  let found: Place | undefined
  parser.on('opentag', (tag) => {
    path.push(localName(tag.name))
    if (!found && path.length === 3 && path[0] === 'Envelope' && path[1] === 'Body') {
      const { name, isSelfClosing: selfClosing } = tag
      const prefix = name.slice(0, name.indexOf(':') + 1)
      found = { name, prefix, end: parser.position, selfClosing }
    }
  })
  parser.on('closetag', () => path.pop())
  try {
    parser.write(envelope).close()
  } catch {
    // Its words may hold a part of the body, and so of a secret.
    return undefined
  }
  return found
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}
