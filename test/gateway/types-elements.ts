const entry = (key: string, more: object = {}) => ({ key, name: key, type: 'text', ...more })
const secretEntry = (key: string) => entry(key, { type: 'password', secret: true })

/** An element that knows its callers in one way; its key is the authentication's name in lower case. */
export function elementWith(id: number, authentication: { name: string }, more: object = {}) {
  const { name } = authentication
  return {
    format: 1,
    id,
    key: name.toLowerCase(),
    name,
    hub: 'general',
    description: 'Knows its callers in one way.',
    configDescription: 'Made up for the tests.',
    entries: [
      entry('server', { type: 'url', required: true }),
      entry('user'),
      entry('cert', { type: 'certificate' }),
      secretEntry('secret'),
      secretEntry('token'),
      secretEntry('other'),
    ],
    baseUrl: '{server}',
    authentications: [authentication],
    ...more,
  }
}

const login = { username: '{user}', password: '{secret}' }

const authentications = [
  { type: 'none', name: 'Nobody' },
  { type: 'basic', name: 'Basic', ...login },
  { type: 'digest', name: 'Digest', ...login },
  { type: 'apiKey', name: 'InHeader', in: 'header', parameter: 'X-Key', value: 'k={secret}' },
  { type: 'apiKey', name: 'InQuery', in: 'query', parameter: 'key', value: '{secret}' },
  { type: 'apiKey', name: 'InCookie', in: 'cookie', parameter: 'key', value: '{secret}' },
  { type: 'bearer', name: 'Bearer', token: '{secret}' },
  {
    type: 'headers',
    name: 'Headers',
    headers: { 'X-User': '{user}', 'X-Password': '{secret}' },
  },
  { type: 'body', name: 'Fields', fields: { user: '{user}', password: '{secret}' } },
  {
    type: 'hmac',
    name: 'Hmac',
    algorithm: 'sha256',
    secret: '{secret}',
    message: '{request.method} {request.path}?{request.query}\n{time.unix}\n{request.body}\nend',
    encoding: 'hex',
    headers: { 'X-Time': '{time.unix}', 'X-Signature': '{signature}' },
  },
  {
    type: 'hmac',
    name: 'HmacOfHead',
    algorithm: 'sha512',
    secret: '{secret}',
    message: '{request.method} {request.url}',
    encoding: 'base64',
    headers: { 'X-Signature': '{signature}' },
  },
  {
    type: 'awsSignature4',
    name: 'Aws',
    accessKeyId: '{user}',
    secretAccessKey: '{secret}',
    region: 'eu-west-1',
    service: 'execute-api',
  },
  {
    type: 'jwt',
    name: 'Jwt',
    algorithm: 'HS256',
    signingKey: '{secret}',
    claims: { sub: '{user}' },
  },
  {
    type: 'soap',
    name: 'Soap',
    element: 'credentials',
    fields: [
      { name: 'User', value: '{user}' },
      { name: 'Password', value: '{secret}' },
    ],
  },
  { type: 'usernameToken', name: 'WsSecurity', ...login, passwordType: 'PasswordDigest' },
  {
    type: 'session',
    name: 'Session',
    login: {
      method: 'POST',
      path: 'login',
      body: { form: { user: '{user}', password: '{secret}' } },
      rules: [{ when: { status: 200 }, verdict: 'verified' }],
      extract: { 'session.token': { json: '/token' } },
    },
    headers: { authorization: 'Session {session.token}' },
  },
  {
    type: 'oauth1',
    name: 'OAuth1',
    consumerKey: '{user}',
    consumerSecret: '{secret}',
    token: '{token}',
    tokenSecret: '{other}',
  },
  {
    type: 'oauth1',
    name: 'OAuth1InQuery',
    consumerKey: '{user}',
    consumerSecret: '{secret}',
    token: '{token}',
    tokenSecret: '{other}',
    in: 'query',
  },
  {
    type: 'oauth2',
    name: 'OAuth2',
    grant: 'clientCredentials',
    tokenUrl: '{server}/token',
    clientId: '{user}',
    clientAuthentication: 'post',
    clientSecret: '{secret}',
  },
  { type: 'certificate', name: 'Certificate', certificate: 'cert' },
]

export const definitions = authentications.map((one, at) => elementWith(9601 + at, one))
