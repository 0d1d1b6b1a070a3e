import { createHash, randomBytes } from 'node:crypto'
import { type Static, Type } from 'typebox'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { escapes, render, secretMask } from '../exchange/template.ts'
import { textIn } from './body-text.ts'
import { insertIntoHeader, namespaceOf } from './envelope.ts'
import { type AuthenticationType, common, strict, Template } from './type.ts'

const schema = Type.Object(
  {
    type: Type.Literal('usernameToken'),
    ...common,
    username: Template,
    password: Template,
    /** The password itself, or a digest of it with a nonce and the time. */
    passwordType: Type.Enum(['PasswordText', 'PasswordDigest']),
    /** A vendor that does not know this header has to refuse then. */
    mustUnderstand: Type.Optional(Type.Boolean()),
    /** How long the message is fresh; left out: it has no timestamp. */
    timestampSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 3600 })),
  },
  strict,
)

type UsernameToken = Static<typeof schema>

const oasis = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss'
const namespaces = ` xmlns:wsse="${oasis}-wssecurity-secext-1.0.xsd" xmlns:wsu="${oasis}-wssecurity-utility-1.0.xsd"`

/** A UsernameToken (WS-Security, profile 1.1) in the header of a SOAP envelope. */
export const usernameToken = {
  schema,
  seesBody: () => true,
  sign: (request, authentication, values) => insert(request, authentication, values, prove),
  mask: (request, authentication, values) =>
    insert(request, authentication, values, () => ({ digest: secretMask, nonce: secretMask })),
} as const satisfies AuthenticationType<UsernameToken> & { schema: unknown }

/** Profile 1.1, section 3.1. */
function prove(created: string, password: string) {
  const nonce = randomBytes(16)
  const digest = createHash('sha1').update(nonce).update(created).update(password)
  return { digest: digest.digest('base64'), nonce: nonce.toString('base64') }
}

function insert(
  request: VendorRequest,
  authentication: UsernameToken,
  values: Values,
  proof: typeof prove,
): VendorRequest {
  const { username, mustUnderstand, timestampSeconds } = authentication
  const body = textIn(request)
  const now = new Date()
  const created = element('wsu:Created', now.toISOString())
  let timestamp = ''
  if (timestampSeconds !== undefined) {
    const end = new Date(now.getTime() + timestampSeconds * 1000)
    timestamp = element('wsu:Timestamp', created + element('wsu:Expires', end.toISOString()))
  }
  const name = element('wsse:Username', render(username, values, escapes.xml))
  const password = passwordOf(authentication, values, now.toISOString(), proof)
  const token = element('wsse:UsernameToken', name + password)
  // Attributes have no default namespace: this one needs a prefix of its own.
  const must = mustUnderstand
    ? ` xmlns:env="${escapes.xml(namespaceOf(body), 'body')}" env:mustUnderstand="1"`
    : ''
  const security = element('wsse:Security', timestamp + token, namespaces + must)
  return { ...request, body: insertIntoHeader(body, security) }
}

function passwordOf(
  { password, passwordType }: UsernameToken,
  values: Values,
  created: string,
  proof: typeof prove,
): string {
  const type = ` Type="${oasis}-username-token-profile-1.0#${passwordType}"`
  if (passwordType === 'PasswordText') {
    return element('wsse:Password', render(password, values, escapes.xml), type)
  }
  const { digest, nonce } = proof(created, render(password, values, escapes.text))
  const encoding = ` EncodingType="${oasis}-soap-message-security-1.0#Base64Binary"`
  return (
    element('wsse:Password', digest, type) +
    element('wsse:Nonce', nonce, encoding) +
    element('wsu:Created', created)
  )
}

function element(name: string, content: string, attributes = ''): string {
  return `<${name}${attributes}>${content}</${name}>`
}
