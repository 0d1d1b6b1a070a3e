import { randomBytes, randomUUID } from 'node:crypto'
import { request } from 'undici'
import { type Answer, call, helpDesk } from '../support/client.ts'
import type { Secrets } from '../support/traces.ts'
import { api2, type World } from '../support/world.ts'

/** Not secret, and to be found wherever names of instances are: the search itself is tried on it. */
export const marker = `marker-${randomBytes(8).toString('hex')}`

const password = 'helpdesk.connectwise.password'

/** Good and careless requests; every secret in them is unique, and noted in `secrets`. */
export async function sendSecrets(world: World, secrets: Secrets): Promise<Answer[]> {
  const answers: Answer[] = []
  /** With everything that some place has to escape. */
  const secret = (name: string) => {
    secrets[name] = `${randomBytes(12).toString('hex')}&"<'>/%+\\ :é`
    return secrets[name]
  }
  const post = async (body: unknown, headers = {}, path = '/instances') => {
    answers.push(await call(world, 'POST', path, { body, headers }))
    const token = answers.at(-1)?.body?.token
    if (token) secrets[`token of instance ${answers.at(-1)!.body.id}`] = token
    return answers.at(-1)!
  }
  const get = async (path: string, authorization = world.authorization) =>
    answers.push(await call(world, 'GET', path, { authorization }))
  const desk = (configuration: object, more = {}) => ({
    ...helpDesk(world, configuration),
    name: marker,
    ...more,
  })
  const login = { 'helpdesk.connectwise.username': api2.id, [password]: api2.password }
  const rest = (configuration: object, more = {}) => ({
    name: marker,
    element: { key: 'connectwisecrmrest' },
    configuration: {
      'base.url': world.sandbox.url,
      company: 'company_f',
      'public.key': 'sandbox-public',
      'private.key': 'sandbox-private',
      'connectwise.clientID': randomUUID(),
      ...configuration,
    },
    ...more,
  })

  secrets['password of api2'] = api2.password
  secrets['REST key'] = 'sandbox-private'
  const { body: instance } = await post(
    desk({ ...login, 'event.notification.signature.key': secret('universal entry') }),
  )
  await get(`/instances/${instance.id}`)
  await post(rest({}))
  await post(desk(login), {}, '/elements/connectwisehd/instances')
  await post(desk({ [password]: secret('password of a draft') }, { verify: false }))
  await post(rest({ 'private.key': secret('REST key of a draft') }, { verify: false }))
  await post(desk(login, { providerData: { code: secret('provider data') } }))
  const once = { 'idempotency-key': randomUUID() }
  for (let times = 0; times < 2; times++) await post(desk(login), once)
  await post(desk({ [password]: secret('password under a used key') }), once)
  const refusedOnce = { 'idempotency-key': randomUUID() }
  await post(desk({ [password]: secret('password under a key') }), refusedOnce)

  const change = async (method: 'PUT' | 'PATCH', body: object) =>
    answers.push(await call(world, method, `/instances/${instance.id}`, { body }))
  await change('PATCH', { configuration: { [password]: secret('password of a change') } })
  await change('PUT', desk({ [password]: secret('password of another') }))
  const elsewhere = { 'helpdesk.connectwise.server.url': 'https://elsewhere.example.com' }
  await change('PATCH', { configuration: { ...elsewhere, [password]: secret('password moved') } })
  await change('PATCH', { configuration: elsewhere })
  await change('PATCH', { providerData: { code: secret('provider data of a change') } })
  await change('PATCH', { [secret('name of a member of a change')]: 1, name: marker })
  const universal = { 'event.notification.signature.key': secret('other universal entry') }
  await change('PATCH', { configuration: universal })
  await change('PATCH', { configuration: { ...login } })
  await post(undefined, {}, `/instances/${instance.id}/verify`)

  await post(desk({ [password]: secret('wrong password') }))
  await post(rest({ 'private.key': secret('wrong REST key') }))
  await post(rest({ 'private.key': `${secret('REST key with a line break')}\n` }))
  await post(desk({ [password]: `${secret('password with a control character')}\u0007` }))
  await echo(secret('password that the vendor repeats'))
  world.sandbox.behave('drop', 1)
  await post(desk({ [password]: secret('password that the vendor got and hung up') }))

  await post(desk({ 'helpdesk.connectwise.passwort': secret('value of a misspelt entry') }))
  await post(desk({ 'shoe.size': secret('value of an unknown entry') }))
  await post(desk({ [secret('key of an entry')]: 'x' }))
  await post(desk({ [secret('key of an entry without a value')]: null }))
  await post(desk({ [secret('key of an entry that is no value')]: {} }))
  await post(desk({ [`${password}=${secret('key of an entry with its name')}`]: '' }))
  await post(desk({ [password]: { value: secret('password in an object') } }))
  await post(desk({ 'event.notification.enabled': secret('value of a switch') }))
  await post(desk({ 'authentication.type': secret('type in the configuration') }))
  await post(desk({}, { authentication: { type: secret('type of authentication') } }))
  await post(desk({}, { configuration: secret('configuration') }))
  await post(desk({}, { configuration: [secret('list of configuration')] }))
  await post(desk({}, { [secret('name of a member')]: 1, password: secret('stray member') }))
  await post(desk({}, { settings: { timeZone: secret('time zone') } }))
  await post(desk({}, { settings: { dateFormat: secret('date format') } }))
  await post(desk({}, { settings: { rateLimits: [{ amount: 1, unit: secret('unit') }] } }))
  await post(desk({}, { externalAuthentication: secret('external authentication') }))
  await post(desk({}, { element: { key: secret('element') } }))
  await post(desk({}, { element: { id: secret('id of an element') } }))
  await post(desk({}, { element: secret('element that is no object') }))
  await post(
    desk({}),
    {},
    `/elements/${encodeURIComponent(secret('element in the path'))}/instances`,
  )
  for (const address of ['https://api:SECRET@example.com', 'https://example.com/?key=SECRET']) {
    const value = address.replace('SECRET', encodeURIComponent(secret(`word in ${address}`)))
    await post(desk({ 'helpdesk.connectwise.server.url': value }))
  }
  await post(`{"configuration": {"${password}": ${JSON.stringify(secret('broken JSON'))}`)
  await post(JSON.stringify(secret('JSON that is no object')))
  await post(`${password}=${secret('form')}`, {
    'content-type': 'application/x-www-form-urlencoded',
  })
  await post(`{"__proto__": ${JSON.stringify(secret('prototype'))}}`)

  const inPath = () => encodeURIComponent(secret(`path ${answers.length}`))
  await get(`/instances/${instance.id}?password=${inPath()}`)
  await get(`/instances/${inPath()}`)
  await get(`/elements/api-v2/${inPath()}`)
  await raw(`/instances/%zz${inPath()}`)
  const [user, organization] = world.authorization.split(', ').map((part) => part.split(' ')[1]!)
  Object.assign(secrets, { user, organization })
  await get(`/instances/${instance.id}`, `User ${user}x, Organization ${organization}`)
  await get(`/instances/${instance.id}`, `User ${organization}, Organization ${user}`)
  await get(`/instances/${instance.id}`, `User ${user}`)
  const word = randomBytes(16).toString('hex')
  secrets['password for HTTP Basic'] = word
  await get('/instances/1', `Basic ${Buffer.from(`api:${word}`).toString('base64')}`)
  await get('/instances/1', `User lku_1_${word}, Organization lko_1_${word}`)
  return answers

  /** A vendor that gives the password back in every form and place. */
  async function echo(given: string) {
    const bytes = Buffer.from(given)
    const forms = [
      given,
      bytes.toString('base64'),
      bytes.toString('base64url'),
      bytes.toString('hex'),
      Buffer.from(`api1:${given}`).toString('base64'),
      encodeURIComponent(given),
      JSON.stringify(given),
      new URLSearchParams({ given }).toString(),
      given.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
    ]
    const word = encodeURIComponent(given)
    const headers = {
      'WWW-Authenticate': `Basic realm="${word}"`,
      Server: word,
      Location: `/${word}`,
    }
    for (const status of [200, 401, 500]) {
      world.sandbox.behave({ behaviour: 'status', status, headers, body: forms.join('\n') }, 1)
      await post(desk({ [password]: given }))
    }
    const faultstring = `<faultstring>No such login: ${forms.at(-1)}</faultstring>`
    const fault = `<Envelope><Body><Fault>${faultstring}</Fault></Body></Envelope>`
    world.sandbox.behave({ behaviour: 'status', status: 500, body: fault }, 1)
    await post(desk({ [password]: given }))
  }

  /** A path that no client would send. */
  async function raw(path: string) {
    const { hostname, port } = new URL(world.url)
    const answer = await request(`http://${hostname}:${port}${path}`)
    const text = await answer.body.text()
    answers.push({ status: answer.statusCode, headers: answer.headers, text, body: undefined })
  }
}
