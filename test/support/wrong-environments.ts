import { randomBytes } from 'node:crypto'

/** An environment that no start may accept, and what the refusal has to say. */
export interface WrongEnvironment {
  env: Record<string, string>
  says: RegExp
  /** What it may not repeat. */
  secret?: string
}

const secret = 'hunter2-of-the-test'
const key = randomBytes(32).toString('base64')
const otherKey = randomBytes(32).toString('base64')
const database = { DATABASE_URL: `postgres://latchkey:${secret}@127.0.0.1:1/latchkey` }

export const wrongEnvironments: Record<string, WrongEnvironment> = {
  'a port that is a word': { env: { PORT: 'abc' }, says: /^PORT must be .* not "abc"/ },
  'a port out of range': { env: { PORT: '65536' }, says: /^PORT must be .* 65535/ },
  'a port with more behind it': { env: { PORT: '3000 4000' }, says: /^PORT / },
  'a sandbox port that is a word': {
    env: { LATCHKEY_SANDBOX_PORT: 'on' },
    says: /^LATCHKEY_SANDBOX_PORT must be .* not "on"/,
  },
  'a log level that is none': { env: { LOG_LEVEL: 'loud' }, says: /^LOG_LEVEL .*info.*silent/ },
  'a key that is too short': {
    env: { LATCHKEY_KEYS: `k1:${Buffer.from(secret).toString('base64')}` },
    says: /^LATCHKEY_KEYS: key "k1" must be 32 bytes in base64; it has 19/,
    secret: Buffer.from(secret).toString('base64'),
  },
  'a key without an id': {
    env: { LATCHKEY_KEYS: secret },
    says: /^LATCHKEY_KEYS: each key is id:base64/,
    secret,
  },
  'a key whose id has a space': {
    env: { LATCHKEY_KEYS: `k 1:${key}` },
    says: /^LATCHKEY_KEYS: each key is id:base64/,
    secret: key,
  },
  'a key that is not base64': {
    env: { LATCHKEY_KEYS: `k1:${key.slice(0, 20)}!${key.slice(20)}` },
    says: /^LATCHKEY_KEYS: key "k1" has a character/,
    secret: key.slice(0, 20),
  },
  'two keys of one id': {
    env: { LATCHKEY_KEYS: `k1:${key},k1:${otherKey}` },
    says: /^LATCHKEY_KEYS: the key id "k1" is there twice/,
    secret: otherKey,
  },
  'keys that are only a comma': {
    env: { LATCHKEY_KEYS: ',' },
    says: /^LATCHKEY_KEYS: there is no key/,
  },
  'a database that is not PostgreSQL': {
    env: { DATABASE_URL: `mysql://latchkey:${secret}@127.0.0.1/latchkey` },
    says: /^DATABASE_URL must be a URL that starts with postgres:\/\//,
    secret,
  },
  'a database that is no URL': {
    env: { DATABASE_URL: secret },
    says: /^DATABASE_URL must be a URL/,
    secret,
  },
  'a database whose password is not encoded': {
    env: { DATABASE_URL: `postgres://latchkey:${secret}%@127.0.0.1/latchkey` },
    says: /^DATABASE_URL must have .* percent-encoded/,
    secret,
  },
  'a database without keys': {
    env: database,
    says: /^LATCHKEY_KEYS is required with DATABASE_URL/,
    secret,
  },
  'a file that is not there': {
    env: { LATCHKEY_KEYS_FILE: '/nonexistent/keys' },
    says: /^LATCHKEY_KEYS_FILE cannot be read: .*\/nonexistent\/keys/,
  },
  'a file that is a folder': {
    env: { DATABASE_URL_FILE: '/' },
    says: /^DATABASE_URL_FILE cannot be read: /,
  },
  'a value and a file of it': {
    env: { ...database, DATABASE_URL_FILE: '/nonexistent/url' },
    says: /^DATABASE_URL and DATABASE_URL_FILE are both set/,
    secret,
  },
  'an allowed host that is a pattern': {
    env: { LATCHKEY_EGRESS_ALLOW: 'vendor.example.com, *.example.com' },
    says: /^LATCHKEY_EGRESS_ALLOW: "\*\.example\.com" /,
  },
  'an allowed network that is none': {
    env: { LATCHKEY_EGRESS_ALLOW: '10.0.0.0/33' },
    says: /^LATCHKEY_EGRESS_ALLOW: "10\.0\.0\.0\/33" /,
  },
  'a proxy by TLS': {
    env: { LATCHKEY_EGRESS_PROXY: `https://latchkey:${secret}@proxy.example.com` },
    says: /^LATCHKEY_EGRESS_PROXY must be http:\/\//,
    secret,
  },
  'a proxy whose password is not encoded': {
    env: { LATCHKEY_EGRESS_PROXY: `http://latchkey:${secret}%@proxy.example.com` },
    says: /^LATCHKEY_EGRESS_PROXY must be .*percent-encoded/,
    secret,
  },
  'a public address without a scheme': {
    env: { LATCHKEY_PUBLIC_URL: 'latchkey.example.com' },
    says: /^LATCHKEY_PUBLIC_URL must be a URL that starts with http:\/\/ or https:\/\//,
  },
  ...Object.fromEntries(
    Object.entries({
      'a user name': 'https://latchkey@latchkey.example.com',
      'a password': `https://latchkey:${secret}@latchkey.example.com/x?y=1#z`,
      'a query': 'https://latchkey.example.com/?',
      'a fragment': 'https://latchkey.example.com/#top',
    }).map(([part, LATCHKEY_PUBLIC_URL]) => [
      `a public address with ${part}`,
      { env: { LATCHKEY_PUBLIC_URL }, says: /^LATCHKEY_PUBLIC_URL must be without /, secret },
    ]),
  ),
  'a trusted proxy that is no address': {
    env: { LATCHKEY_TRUST_PROXY: '10.0.0.1, balancer' },
    says: /^LATCHKEY_TRUST_PROXY must be .*"balancer"/,
  },
  'an origin with a path': {
    env: { LATCHKEY_CORS_ORIGINS: 'https://app.example.com/' },
    says: /^LATCHKEY_CORS_ORIGINS: "https:\/\/app\.example\.com\/" is not an origin/,
  },
  'a jitter in seconds': {
    env: { LATCHKEY_LIMIT_JITTER_MS: '0.2' },
    says: /^LATCHKEY_LIMIT_JITTER_MS must be a whole number .*"0\.2"/,
  },
  'a timeout of calls that is none': {
    env: { LATCHKEY_CALL_TIMEOUT_SECONDS: '0' },
    says: /^LATCHKEY_CALL_TIMEOUT_SECONDS must be a whole number of seconds .*"0"/,
  },
  'a pause of calls with a unit': {
    env: { LATCHKEY_CALL_IDLE_SECONDS: '5s' },
    says: /^LATCHKEY_CALL_IDLE_SECONDS must be a whole number of seconds .*"5s"/,
  },
  'an operator key that may be guessed': {
    env: { LATCHKEY_OPERATOR_KEY: secret },
    says: /^LATCHKEY_OPERATOR_KEY must be 32 to 512 printable/,
    secret,
  },
  'an operator key with a comma': {
    env: { LATCHKEY_OPERATOR_KEY: `${secret},${secret}` },
    says: /^LATCHKEY_OPERATOR_KEY must be .* commas/,
    secret,
  },
  'a token for the metrics that can be guessed': {
    env: { LATCHKEY_METRICS_TOKEN: secret },
    says: /^LATCHKEY_METRICS_TOKEN must be 32 to 512 printable/,
    secret,
  },
  'a receiver of traces that is no URL': {
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: `collector:4318/${secret}` },
    says: /^OTEL_EXPORTER_OTLP_ENDPOINT must be a URL/,
    secret,
  },
  'headers for traces that are none': {
    env: { OTEL_EXPORTER_OTLP_HEADERS: secret },
    says: /^OTEL_EXPORTER_OTLP_HEADERS must be name=value/,
    secret,
  },
  'a sampler that is none': {
    env: { OTEL_TRACES_SAMPLER: 'xray' },
    says: /^OTEL_TRACES_SAMPLER must be one of .*parentbased_always_on/,
  },
  'a share of more than all': {
    env: { OTEL_TRACES_SAMPLER_ARG: '1.1' },
    says: /^OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1/,
  },
}
