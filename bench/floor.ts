import { createCipheriv, hash, randomBytes } from 'node:crypto'
import Fastify from 'fastify'
import pg from 'pg'
import { Pool } from 'undici'

/** The least that provisioning takes: look up, ask the vendor, encrypt, insert. Nothing is checked. */

interface Body {
  name: string
  tags: string[]
  configuration: Record<string, string>
}

const findCaller = {
  name: 'find-caller',
  text: `
    select u.organization_id, u.id, u.email
    from access_secrets us
    join users u on u.organization_id = us.organization_id and u.id = us.user_id and u.active
    join access_secrets os on os.organization_id = us.organization_id and os.hash = $3
    join organizations o on o.organization_id = os.organization_id and o.disabled_at is null
    where us.organization_id = $1 and us.hash = $2`,
}

const insertInstance = {
  name: 'insert-instance',
  text: `
    with instance as (
      insert into instances (organization_id, user_id, element_id, element_version, name, tags,
        configuration, authentication_type, state, verified_at)
      values ($1, $2, 117, '1', $3, $4, $5, 'soap', 'verified', now())
      returning id, created_at
    ), secret as (
      insert into secrets (organization_id, owner, entry, secret_version, origins, sealed)
      select $1, 'instance/' || id, 'helpdesk.connectwise.password', 1, $6, $7 from instance
    ), token as (
      insert into instance_tokens (organization_id, hash, instance_id)
      select $1, $8, id from instance
    ), audit as (
      insert into audit_entries (organization_id, user_id, action, instance_id, request_id)
      select $1, $2, 'instance.created', id, $9 from instance
    )
    select * from instance`,
}

const soapHeaders = {
  'content-type': 'text/xml; charset=utf-8',
  soapaction: '"http://connectwise.com/GetIntegratorLoginInfo"',
}

process.once('disconnect', () => process.exit())
const [databaseUrl, vendorUrl = ''] = process.argv.slice(2)
const database = new pg.Pool({
  connectionString: databaseUrl,
  max: 10,
  idleTimeoutMillis: 30_000,
})
const vendor = new Pool(vendorUrl)
const key = randomBytes(32)
const app = Fastify({ logger: false })

app.post('/instances', async (request, reply) => {
  const { name, tags, configuration } = request.body as Body
  const [, user = '', organization = ''] =
    /^User (\S+), Organization (\S+)$/.exec(request.headers.authorization ?? '') ?? []
  const found = await database.query({
    ...findCaller,
    values: [
      Number.parseInt(user.split('_')[1] ?? '', 36),
      hash('sha256', user, 'buffer'),
      hash('sha256', organization, 'buffer'),
    ],
  })
  const [caller] = found.rows
  if (!caller) return reply.code(401).send({ message: 'unknown' })
  const {
    'helpdesk.connectwise.password': password = '',
    'helpdesk.connectwise.company': company,
    'helpdesk.connectwise.username': username,
  } = configuration
  const answer = await vendor.request({
    method: 'POST',
    path: '/v2015_3/apis/2.0/SystemApi.asmx',
    headers: soapHeaders,
    body: `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><GetIntegratorLoginInfo xmlns="http://connectwise.com"><credentials><CompanyId>${company}</CompanyId><IntegratorLoginId>${username}</IntegratorLoginId><IntegratorPassword>${password}</IntegratorPassword></credentials></GetIntegratorLoginInfo></soap:Body></soap:Envelope>`,
  })
  const text = await answer.body.text()
  if (answer.statusCode !== 200 || !text.includes('<ServiceApiAccessFlag>true')) {
    return reply.code(502).send({ message: 'refused' })
  }
  const token = randomBytes(32).toString('base64url')
  const shown = { ...configuration, 'helpdesk.connectwise.password': '********' }
  const inserted = await database.query({
    ...insertInstance,
    values: [
      caller.organization_id,
      caller.id,
      name,
      tags,
      JSON.stringify(shown),
      [vendorUrl],
      encrypt(password),
      hash('sha256', token, 'buffer'),
      request.id,
    ],
  })
  const [{ id, created_at: createdDate }] = inserted.rows
  return { id: Number(id), name, tags, token, configuration: shown, createdDate }
})

function encrypt(text: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  const bytes = [nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(bytes).toString('base64url')
}

process.send!(await app.listen({ host: '127.0.0.1', port: 0 }))
