import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { readAllowList } from './egress/allow-list.ts'
import { readProxy } from './egress/tunnel.ts'
import { type SamplerName, samplerNames } from './telemetry/sampler-names.ts'
import type { TraceOptions } from './telemetry/traces.ts'

/** Everything that the environment decides, read once at the start; nothing else reads it. */
export interface Config {
  host: string
  port: number
  logLevel: LogLevel
  /** Absent: the embedded PostgreSQL under `dataDir`. */
  databaseUrl: string | undefined
  dataDir: string
  /** A port, or `off`; only used with the embedded PostgreSQL. */
  sandboxPort: number | 'off'
  /** Key-encryption keys of 32 bytes, the first one active; absent: `<dataDir>/keys`. */
  keys: readonly KeyEncryptionKey[] | undefined
  egressAllow: readonly string[]
  egressProxy: string | undefined
  publicUrl: string | undefined
  trustProxy: boolean | string
  corsOrigins: readonly string[]
  limitJitterMs: number
  /** For calls through the gateway. */
  callTimeoutMs: number
  callIdleMs: number
  /** Absent: there is no operator's API. */
  operatorKey: string | undefined
  /** Absent: the metrics are for the same machine alone. */
  metricsToken: string | undefined
  /** Absent: nothing is traced. */
  traces: TraceOptions | undefined
}

export interface KeyEncryptionKey {
  id: string
  key: Buffer
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
type LogLevel = (typeof logLevels)[number]

/** A sentence that says which variable is wrong and what it should be; the start ends with it. */
export class ConfigError extends Error {}

interface Variable {
  name: string
  type: string
  default?: string
  /** May also be given as `<name>_FILE`, the path of a file that holds it. */
  secret?: boolean
  help: string
}

/** The environment, in the order in which the README lists it. */
export const variables = [
  { name: 'HOST', type: 'address', default: '127.0.0.1', help: 'Where to listen' },
  { name: 'PORT', type: 'port', default: '3000', help: 'Where to listen' },
  {
    name: 'LOG_LEVEL',
    type: logLevels.join(', '),
    default: 'info',
    help: 'What is logged, as JSON lines on standard output',
  },
  {
    name: 'DATABASE_URL',
    type: 'postgres:// URL',
    secret: true,
    help: 'PostgreSQL (tested with 18). Without it the service starts the PostgreSQL that npm brought',
  },
  {
    name: 'LATCHKEY_DATA_DIR',
    type: 'folder',
    default: '.latchkey',
    help: 'Without `DATABASE_URL`: where the database, the keys and the first secrets are kept',
  },
  {
    name: 'LATCHKEY_SANDBOX_PORT',
    type: 'port or `off`',
    default: '`PORT` + 1',
    help: 'Without `DATABASE_URL`: where the sandbox vendor listens',
  },
  {
    name: 'LATCHKEY_KEYS',
    type: '`id:base64,…`',
    secret: true,
    help: 'Key-encryption keys of 32 bytes, the first one active. Required with `DATABASE_URL`; otherwise `keys` in the data folder',
  },
  {
    name: 'LATCHKEY_EGRESS_ALLOW',
    type: 'hosts, host:port, CIDRs',
    default: 'none',
    help: 'Vendors that may be on a private network and spoken to over plain http',
  },
  {
    name: 'LATCHKEY_EGRESS_PROXY',
    type: 'http:// URL',
    secret: true,
    help: 'A proxy (CONNECT) for all calls to vendors',
  },
  {
    name: 'LATCHKEY_PUBLIC_URL',
    type: 'URL',
    default: 'the address listened on',
    help: 'How callers reach the service; never taken from `Host`',
  },
  {
    name: 'LATCHKEY_TRUST_PROXY',
    type: '`true`, `false`, addresses or CIDRs',
    default: 'false',
    help: 'Whose `X-Forwarded-For` is believed',
  },
  {
    name: 'LATCHKEY_CORS_ORIGINS',
    type: 'origins, or `*`',
    default: 'none',
    help: 'Pages that may call the API from a browser',
  },
  {
    name: 'LATCHKEY_LIMIT_JITTER_MS',
    type: 'milliseconds',
    default: '35',
    help: 'By how much the way to a vendor may differ from call to call, for rate limits to hold there; for windows longer than a hundred times as much, 1 % of them',
  },
  {
    name: 'LATCHKEY_CALL_TIMEOUT_SECONDS',
    type: 'seconds',
    default: '60',
    help: 'How long a vendor may take until its answer to a call begins, where its element says nothing else (`gateway.timeoutSeconds`)',
  },
  {
    name: 'LATCHKEY_CALL_IDLE_SECONDS',
    type: 'seconds',
    default: '60',
    help: 'How long a call may stand still after that: between two pieces of the answer, or of what the caller sends',
  },
  {
    name: 'LATCHKEY_OPERATOR_KEY',
    type: '32 characters or more',
    secret: true,
    help: 'Opens the operator’s API, which is not there without it',
  },
  {
    name: 'LATCHKEY_METRICS_TOKEN',
    type: '32 characters or more',
    secret: true,
    help: 'Bearer token that opens `/metrics`, which is for the same machine only without it',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    type: 'URL',
    default: 'none',
    help: 'An OpenTelemetry receiver (OTLP over HTTP) for traces, below `/v1/traces`; without one nothing is traced',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
    type: 'URL',
    default: 'none',
    help: 'The same, as it stands',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    type: '`name=value,…`, percent-encoded',
    secret: true,
    help: 'Sent to that receiver',
  },
  {
    name: 'OTEL_SERVICE_NAME',
    type: 'text',
    default: 'latchkey',
    help: 'What traces call the service',
  },
  {
    name: 'OTEL_TRACES_SAMPLER',
    type: samplerNames.join(', '),
    default: 'parentbased_always_on',
    help: 'Which traces are sent',
  },
  {
    name: 'OTEL_TRACES_SAMPLER_ARG',
    type: 'a number from 0 to 1',
    default: '1',
    help: 'The share of traces that is sent, where the sampler has `traceidratio` in its name',
  },
] as const satisfies readonly Variable[]

type Name = (typeof variables)[number]['name']

const web = ['http:', 'https:']

/**
 * Reads the environment into a frozen `Config`.
 * @throws {ConfigError} naming the variable, why its value cannot be used, and what it should be
 */
export function readEnv(env: Record<string, string | undefined>): Config {
  const read = (name: Name) => readVariable(env, name)
  const port = readPort('PORT', read('PORT') ?? '3000')
  const databaseUrl = readUrl('DATABASE_URL', read('DATABASE_URL'), ['postgres:', 'postgresql:'])
  const keys = readKeys(read('LATCHKEY_KEYS'))
  if (databaseUrl && !keys) {
    throw new ConfigError(
      'LATCHKEY_KEYS is required with DATABASE_URL: id:base64 of 32 random bytes, for example from `npm run keys -- generate`.',
    )
  }
  const publicUrl = readPublicUrl(read('LATCHKEY_PUBLIC_URL'))
  return Object.freeze({
    host: read('HOST') ?? '127.0.0.1',
    port,
    logLevel: readLogLevel(read('LOG_LEVEL') ?? 'info'),
    databaseUrl,
    dataDir: read('LATCHKEY_DATA_DIR') ?? '.latchkey',
    sandboxPort: readSandboxPort(read('LATCHKEY_SANDBOX_PORT'), port),
    keys,
    egressAllow: readEgressAllow(read('LATCHKEY_EGRESS_ALLOW')),
    egressProxy: readEgressProxy(read('LATCHKEY_EGRESS_PROXY')),
    publicUrl,
    trustProxy: readTrustProxy(read('LATCHKEY_TRUST_PROXY')),
    corsOrigins: readOrigins(read('LATCHKEY_CORS_ORIGINS')),
    limitJitterMs: readJitter(read('LATCHKEY_LIMIT_JITTER_MS') ?? '35'),
    callTimeoutMs: readSeconds(
      'LATCHKEY_CALL_TIMEOUT_SECONDS',
      read('LATCHKEY_CALL_TIMEOUT_SECONDS') ?? '60',
    ),
    callIdleMs: readSeconds(
      'LATCHKEY_CALL_IDLE_SECONDS',
      read('LATCHKEY_CALL_IDLE_SECONDS') ?? '60',
    ),
    operatorKey: readLongSecret('LATCHKEY_OPERATOR_KEY', read('LATCHKEY_OPERATOR_KEY')),
    metricsToken: readLongSecret('LATCHKEY_METRICS_TOKEN', read('LATCHKEY_METRICS_TOKEN')),
    traces: readTraces(read),
  })
}

/** The README's table of the environment, in Markdown. */
export function describeEnvironment(): string {
  const rows = variables.map((variable: Variable) => {
    const name = variable.secret
      ? `\`${variable.name}\`, \`${variable.name}_FILE\``
      : `\`${variable.name}\``
    return `| ${name} | ${variable.type} | ${variable.default ?? 'none'} | ${variable.help} |`
  })
  return ['| variable | type | default | what it is |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  )
}

function readVariable(env: Record<string, string | undefined>, name: Name): string | undefined {
  const variable: Variable = variables.find((known) => known.name === name)!
  const file = variable.secret ? env[`${name}_FILE`]?.trim() : undefined
  const value = env[name]?.trim()
  if (file && value) throw new ConfigError(`${name} and ${name}_FILE are both set: keep one.`)
  if (!file) return value || undefined
  try {
    return readFileSync(file, 'utf8').trim() || undefined
  } catch (error) {
    throw new ConfigError(`${name}_FILE cannot be read: ${(error as Error).message}`)
  }
}

function readPort(name: string, text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new ConfigError(`${name} must be a port from 0 to 65535, not "${text}".`)
  }
  return port
}

function readSandboxPort(text: string | undefined, port: number): number | 'off' {
  if (text === 'off') return 'off'
  if (text) return readPort('LATCHKEY_SANDBOX_PORT', text)
  return port === 0 || port === 65_535 ? 0 : port + 1
}

function readLogLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === text)
  if (!level) throw new ConfigError(`LOG_LEVEL must be one of ${logLevels.join(', ')}.`)
  return level
}

/** The value is not repeated in the refusal: it may hold a password. */
function readUrl(name: string, text: string | undefined, protocols: string[]): string | undefined {
  if (!text) return undefined
  const url = URL.parse(text)
  if (!url || !protocols.includes(url.protocol)) {
    throw new ConfigError(`${name} must be a URL that starts with ${protocols.join('// or ')}//.`)
  }
  try {
    decodeURIComponent(url.username + url.password)
  } catch {
    throw new ConfigError(`${name} must have its user name and password percent-encoded.`)
  }
  return text
}

/** Paths are put behind it, and callers get to see it. */
function readPublicUrl(text: string | undefined): string | undefined {
  const name = 'LATCHKEY_PUBLIC_URL'
  const url = URL.parse(readUrl(name, text, ['http:', 'https:']) ?? '')
  if (!url) return undefined
  if (url.username || url.password || /[?#]/.test(url.href)) {
    throw new ConfigError(`${name} must be without user name, password, query and fragment.`)
  }
  return url.href.replace(/\/+$/, '')
}

function readKeys(text: string | undefined): KeyEncryptionKey[] | undefined {
  if (!text) return undefined
  try {
    return parseKeys(text)
  } catch (error) {
    throw new ConfigError(`LATCHKEY_KEYS: ${(error as Error).message}`)
  }
}

/** `id:base64,…` (or one a line): keys of 32 bytes, the first one active. */
export function parseKeys(text: string): KeyEncryptionKey[] {
  const keys = readList(text.replaceAll('\n', ',')).map((part) => {
    // What stands there without an id may be the key itself: it is not repeated.
    const [, id, encoded] = /^([A-Za-z0-9_-]{1,32}):(.*)$/s.exec(part) ?? []
    if (id === undefined || encoded === undefined) {
      throw new ConfigError('each key is id:base64, its id made of letters, digits, "-" and "_".')
    }
    const key = Buffer.from(encoded, 'base64')
    if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(encoded)) {
      throw new ConfigError(`key "${id}" has a character in it that base64 does not have.`)
    }
    if (key.length !== 32) {
      throw new ConfigError(`key "${id}" must be 32 bytes in base64; it has ${key.length}.`)
    }
    return { id, key }
  })
  const twice = keys.find((key, at) => keys.findIndex((other) => other.id === key.id) !== at)
  if (twice) throw new ConfigError(`the key id "${twice.id}" is there twice.`)
  if (keys.length === 0) throw new ConfigError('there is no key in it.')
  return keys
}

function readEgressAllow(text: string | undefined): string[] {
  const entries = readList(text)
  try {
    readAllowList(entries)
    return entries
  } catch (error) {
    throw new ConfigError(`LATCHKEY_EGRESS_ALLOW: ${(error as Error).message}.`)
  }
}

function readEgressProxy(text: string | undefined): string | undefined {
  if (!text) return undefined
  try {
    readProxy(text)
    return text
  } catch {
    throw new ConfigError(
      'LATCHKEY_EGRESS_PROXY must be http://host:port, or http://user:password@host:port with both percent-encoded.',
    )
  }
}

function readTrustProxy(text: string | undefined): boolean | string {
  if (!text || text === 'false') return false
  if (text === 'true') return true
  const stranger = readList(text).find((one) => !isIP(one) && !ipaddr.isValidCIDR(one))
  if (stranger === undefined) return text
  throw new ConfigError(
    `LATCHKEY_TRUST_PROXY must be true, false, or addresses and CIDRs; "${stranger}" is none.`,
  )
}

function readOrigins(text: string | undefined): string[] {
  return readList(text).map((origin) => {
    if (origin !== '*' && URL.parse(origin)?.origin !== origin) {
      throw new ConfigError(
        `LATCHKEY_CORS_ORIGINS: "${origin}" is not an origin such as https://app.example.com.`,
      )
    }
    return origin
  })
}

function readJitter(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text)
  throw new ConfigError(
    `LATCHKEY_LIMIT_JITTER_MS must be a whole number of milliseconds up to 99999, not "${text}".`,
  )
}

/** In milliseconds. */
function readSeconds(name: Name, text: string): number {
  const seconds = Number(text)
  if (/^\d{1,4}$/.test(text) && seconds >= 1 && seconds <= 3600) return seconds * 1000
  throw new ConfigError(`${name} must be a whole number of seconds from 1 to 3600, not "${text}".`)
}

/** It is sent in a header, and nothing slows down who tries: it has to be long. */
function readLongSecret(name: Name, text: string | undefined): string | undefined {
  if (text === undefined || /^[\x21-\x2b\x2d-\x7e]{32,512}$/.test(text)) return text
  throw new ConfigError(
    `${name} must be 32 to 512 printable characters without spaces and commas, for example from \`openssl rand -hex 32\`.`,
  )
}

function readTraces(read: (name: Name) => string | undefined): TraceOptions | undefined {
  const base = readUrl('OTEL_EXPORTER_OTLP_ENDPOINT', read('OTEL_EXPORTER_OTLP_ENDPOINT'), web)
  const name = 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'
  const own = readUrl(name, read(name), web)
  const headers = readHeaders(read('OTEL_EXPORTER_OTLP_HEADERS'))
  const sampler = read('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on'
  const ratio = Number(read('OTEL_TRACES_SAMPLER_ARG') ?? '1')
  if (!isSampler(sampler)) {
    throw new ConfigError(`OTEL_TRACES_SAMPLER must be one of ${samplerNames.join(', ')}.`)
  }
  if (!(ratio >= 0 && ratio <= 1)) {
    throw new ConfigError('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1.')
  }
  const url = own ?? (base && `${base.replace(/\/+$/, '')}/v1/traces`)
  const serviceName = read('OTEL_SERVICE_NAME') ?? 'latchkey'
  return url ? { url, headers, serviceName, sampler, ratio } : undefined
}

function isSampler(name: string): name is SamplerName {
  return (samplerNames as readonly string[]).includes(name)
}

/** The values are not repeated in the refusal: one may be a key. */
function readHeaders(text: string | undefined): Record<string, string> {
  const pairs = readList(text).map((part) => {
    const [, name, value = ''] = /^([\w!#$%&'*+.^`|~-]+)\s*=\s*(.*)$/.exec(part) ?? []
    if (name === undefined) throw headersMalformed()
    try {
      return [name, decodeURIComponent(value)] as const
    } catch {
      throw headersMalformed()
    }
  })
  return Object.fromEntries(pairs)
}

function headersMalformed(): ConfigError {
  return new ConfigError(
    'OTEL_EXPORTER_OTLP_HEADERS must be name=value pairs with commas between them, the values percent-encoded.',
  )
}

function readList(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}
