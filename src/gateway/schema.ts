import { Type } from 'typebox'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'

const path = Type.String({
  description:
    'The path at the vendor, below the base URL of the element, with slashes; a query goes on as it is',
})

/** Whatever it is: it streams. */
const anything = { '*/*': { schema: {} } }

const Integer = (description: string) => Type.Integer({ description })
const Text = (description: string) => Type.String({ description })

const description = `The path and query go to the vendor byte for byte, below the base URL of the element, with the
credentials of the instance; so does the body, as it comes. \`/hubs/{hub}/{path}\` is the same, whatever
the hub, but for \`/hubs/{hub}/ping\`; and so is every other method that HTTP servers know, such as
\`HEAD\`, \`OPTIONS\` (but for preflights of browsers) and \`PROPFIND\`. The Organization part may be left
out; a bearer token needs the Element part beside it.

The vendor gets these headers of yours: \`Accept\` and \`Accept-…\`, \`Content-…\`, \`Range\`, \`If\` and
\`If-…\`, \`Prefer\` (but \`respond-async\`), \`Cache-Control\`, \`Pragma\`, \`User-Agent\`,
\`Idempotency-Key\`, \`traceparent\`, \`tracestate\`, \`SOAPAction\`, \`OData-…\`, \`…-Version\`, \`…-Account\`,
\`…-Tenant\`, \`…-Organization\`, \`…-Workspace\` and \`…-Team\` (or with \`-Id\`), \`Revision\`,
\`ConsistencyLevel\`, \`Digest\` and \`Want-…-Digest\`, \`Slug\`, \`MIME-Version\`, those of WebDAV (\`Depth\`, \`Overwrite\`,
\`Lock-Token\`, \`Timeout\`), the families \`APNS-\`, \`Dropbox-API-\`, \`Sforce-\`, \`Intuit-\`, \`Shopify-\`,
\`Square-\`, \`Zuora-\`, \`GraphQL-\`, \`Apollo-\`, \`Bulk-\` and \`MS-\`, \`X-…\` but what proxies say of a client,
and what the definition of the element names in \`gateway.requestHeaders\`. Never \`Authorization\`,
\`Cookie\`, \`Host\`, \`Forwarded\`, \`Elements-…\`, and what \`Connection\` names. What the element states in
\`headers\` is added where you say nothing else.

A date in a value of the query that stands as \`{{date 2026-11-22T10:00:00Z}}\` (or \`{{date now}}\`) is
written with the time zone and date format of the instance's settings. An authentication that signs
or changes bodies takes 8 MiB of them at most. A token or session that the vendor has ended is
renewed, and the call sent again where it has no body, or one of at most 64 KiB with a
\`Content-Length\`; any other gets the vendor's answer, and the next call has what is new.

Status, headers, body and trailers come back as the vendor sent them, a redirect too. Links to what lies below the base
URL, in \`Location\`, \`Content-Location\` and \`Link\`, are written so that they lead through the gateway
again. Left out are \`Set-Cookie\` and what would be said of this origin. An answer with
\`Elements-Error\` is ours, any other the vendor's. One that breaks off was broken off there.`

/** What is said to the gateway, and not to the vendor. */
const options = Type.Object({
  'elements-wait-timeout': Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 3600,
      description:
        'Seconds that the call may wait for its turn where limits hold it back, and within which it may be sent again. Left out: 30',
    }),
  ),
  prefer: Type.Optional(
    Type.String({
      description:
        '`respond-async` (RFC 7240): the call is kept, sent when the limits let it through, however long that takes, and its answer kept for `GET /calls/{id}`. It may have a body of 1 MiB',
    }),
  ),
  'elements-retry': Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 5,
      description:
        'How often the call is sent again where no answer comes, or one with status 429, 502, 503 or 504, if that does no harm: its method is idempotent, or nothing of it was sent; and its body has at most 64 KiB and a `Content-Length`. Left out: what the settings of the instance say',
    }),
  ),
})

const headers = {
  'Elements-Attempts': Integer(
    'How often the call was sent, where it was to be sent again or more than once',
  ),
  RateLimit: Text('What the limits of the instance leave, where it has any (IETF draft)'),
  'RateLimit-Policy': Text('The limits of the instance, where it has any (IETF draft)'),
  'Elements-Element-Instance-Id': Integer('The instance'),
  'Elements-Request-Id': Text('By which the operator finds the request in the log'),
}

const refused = refusals(
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'element-unknown',
  'instance-disabled',
  'instance-not-found',
  'instance-draft',
  'reconnect-required',
  'secrets-required',
  'gateway-path-invalid',
  'gateway-option-invalid',
  'placeholder-invalid',
  'request-unsignable',
  'body-too-large-to-sign',
  'call-too-large',
  'calls-too-many',
  'limit-queue-full',
  'limit-wait-over',
  'bodies-busy',
  'calls-busy',
  'credentials-rejected',
  'credentials-insufficient',
  'vendor-misdirected',
  'vendor-throttled',
  'vendor-suspended',
  'parameters-invalid',
  'configuration-invalid',
  'destination-forbidden',
  'request-late',
  'header-too-large',
  'internal',
  'vendor-unreachable',
  'vendor-unexpected',
  'unavailable',
  'vendor-late',
)

/** What the document says of a call with one method. */
export function callSchema(method: string, takesBody: boolean) {
  return {
    operationId: `call${method[0]}${method.slice(1).toLowerCase()}`,
    summary: `Call the vendor through the instance of the token: ${method}`,
    description,
    tags: ['gateway'],
    params: Type.Object({ '*': path }),
    headers: options,
    ...(takesBody && { body: { content: anything } }),
    response: {
      200: {
        description: 'What the vendor answers, with its own status',
        headers,
        content: anything,
      },
      202: {
        description: 'Kept, where the client prefers `respond-async`',
        headers: {
          Location: Text('Where the call is found, and its answer'),
          'Preference-Applied': Text('`respond-async`'),
          'Elements-Element-Instance-Id': Integer('The instance'),
          'Elements-Request-Id': Text('By which the operator finds the request in the log'),
        },
        content: { 'application/json': { schema: Model<object>('StoredCall') } },
      },
      ...refused,
    },
  }
}
