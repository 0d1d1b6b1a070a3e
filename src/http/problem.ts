import { STATUS_CODES } from 'node:http'
import { type TSchema, Type } from 'typebox'
import { type ProblemCode, problems, type Refusal } from './errors.ts'
import { Id, NullableString } from './schema.ts'

const Named = (name: string) => Type.Object({ key: Type.String(), [name]: Type.String() })

const exchangeExample = {
  verdict: 'rejected',
  durationMs: 104,
  request: {
    method: 'POST',
    url: 'https://api-na.myconnectwise.net/v2015_3/apis/2.0/SystemApi.asmx',
    headers: { 'content-type': 'text/xml; charset=utf-8' },
    body: '…<IntegratorPassword>********</IntegratorPassword>…',
  },
  response: {
    status: 500,
    headers: { 'content-type': 'text/xml; charset=utf-8' },
    body: '…<faultstring>Username or password is incorrect</faultstring>…',
  },
  failure: null,
}

/** What was tried at the vendor and how it answered, without any secret: *view details*. */
export const ExchangeSchema = Type.Object(
  {
    verdict: Type.String({
      description:
        '`verified`, `unverified`, `rejected`, `insufficient`, `misdirected`, `throttled`, `unreachable`, `late`, `unexpected` or `forbidden`',
    }),
    durationMs: Type.Integer(),
    request: Type.Object({
      method: Type.String(),
      url: Type.String(),
      headers: Type.Record(Type.String(), Type.String()),
      body: NullableString({ description: 'With stars in the place of secrets' }),
    }),
    response: Type.Union([
      Type.Object({
        status: Type.Integer(),
        headers: Type.Record(Type.String(), Type.String()),
        body: NullableString({ description: '16 KiB of it at most' }),
      }),
      Type.Null(),
    ]),
    failure: Type.Union([
      Type.Object({ kind: Type.String(), message: Type.String() }),
      Type.Null(),
    ]),
  },
  {
    $id: 'Exchange',
    description: 'What was tried at the vendor and how it answered, without any secret',
    examples: [exchangeExample],
  },
)

/** The one form of every refusal: problem details (RFC 9457) with Cloud Elements' members. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Names the kind of problem', format: 'uri' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ description: 'Stable; what a program decides by' }),
    message: Type.String({ description: 'Says what to do next' }),
    requestId: Type.String({
      pattern: '^[0-9a-f]{24}$',
      description: 'By which the operator finds the request in the log',
    }),
    providerMessage: Type.Optional(Type.String({ description: "The vendor's own words" })),
    missing: Type.Optional(
      Type.Array(Named('name'), { description: 'Every entry that is missing' }),
    ),
    invalid: Type.Optional(
      Type.Array(Named('reason'), { description: 'Every member that cannot be used, and why' }),
    ),
    unknown: Type.Optional(
      Type.Array(Named('nearest'), { description: 'What may be misspelt, and what was meant' }),
    ),
    choices: Type.Optional(Type.Array(Type.String(), { description: 'What can be chosen' })),
    references: Type.Optional(
      Type.Array(
        Type.Object({
          id: Type.Optional(Id('An instance')),
          name: Type.String(),
          url: Type.Optional(NullableString({ description: 'Where it is used' })),
          description: Type.Optional(NullableString({ description: 'What for' })),
          reasons: Type.Optional(
            Type.Array(Named('reason'), { description: 'What an update would break, and why' }),
          ),
        }),
        { description: 'What uses it, as far as you may see it' },
      ),
    ),
    probe: Type.Optional(Type.Ref('Exchange')),
    limit: Type.Optional(
      Type.Object(
        {
          waiting: Type.Integer({ description: 'How many calls wait in this process' }),
          longestWait: Type.Number({ description: 'Seconds that one of them has been waiting' }),
        },
        { description: 'The queue of calls that wait for a limit' },
      ),
    ),
  },
  {
    $id: 'Problem',
    description: 'The one form of every refusal: problem details (RFC 9457)',
    examples: [
      {
        type: 'urn:latchkey:problem:credentials-rejected',
        title: problems['credentials-rejected'].title,
        status: 400,
        code: 'credentials-rejected',
        message:
          'ConnectWise does not accept this integrator login. Check its user name and password.',
        requestId: '5f2b8c1d9e3a4b6c7d8e9f01',
        providerMessage: 'Username or password is incorrect',
        probe: exchangeExample,
      },
    ],
  },
)

const retried = [409, 429, 503]
const retryAfter = Type.Integer({ description: 'Seconds to wait before another try' })

type Responses = Record<number, unknown>

/** The responses of a route that may refuse with these codes, one for each status. */
export function refusals<const Codes extends ProblemCode[]>(...codes: Codes) {
  // Wherever the two secrets are taken, so is a bearer token.
  const all: ProblemCode[] = [...codes, 'not-acceptable']
  if (all.includes('user-unknown')) all.push('bearer-unknown')
  const byStatus = Map.groupBy(new Set(all), (code) => problems[code].status as number)
  const responses: Responses = {}
  for (const [status, those] of byStatus) {
    responses[status] = {
      ...(retried.includes(status) && { headers: { 'Retry-After': retryAfter } }),
      description: `${STATUS_CODES[status]}: ${those.map((code) => `\`${code}\``).join(', ')}`,
      content: { 'application/problem+json': { schema: Type.Ref('Problem') } },
    }
  }
  return responses as Record<(typeof problems)[Codes[number]]['status'], TSchema>
}

/** The body of a refusal. */
export function renderProblem(refusal: Refusal, requestId: string): string {
  const { status, title } = problems[refusal.code]
  const { retryAfter: _, ...details } = refusal.details
  const type = `urn:latchkey:problem:${refusal.code}`
  return JSON.stringify({ type, title, status, code: refusal.code, ...details, requestId })
}
