import { validateHeaderName, validateHeaderValue } from 'node:http'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'

/** What the vendor can be told to do instead of answering, or on top of it, and which settings each heeds. */
export const behaviourSettings = {
  /** Takes the request and never says a word. */
  hang: [],
  /** Answers as ever, but only after `ms` (2000). */
  slow: ['ms'],
  /** Headers at once, then a byte of the body every `ms` (100), for ever. */
  drip: ['ms'],
  /** The headers themselves come a byte every `ms` (100), for ever. */
  dripHeaders: ['ms'],
  /** Closes the connection without an answer. */
  drop: [],
  /** Resets the connection (RST) in the middle of the answer. */
  reset: [],
  /** A body without end, as fast as it is read. */
  flood: [],
  /** A gzip body of some 64 kB that grows to `mebibytes` (64). */
  bomb: ['mebibytes'],
  /** Redirects with `status` (302) to `location`; to itself, so for ever, when none is given. */
  redirect: ['status', 'location'],
  /** Bytes that are not HTTP. */
  garbage: [],
  /** A login page with `status` (200), where a program expected data. */
  html: ['status'],
  /** XML that breaks off and is not well-formed. */
  invalidXml: [],
  /** Well-formed XML, `depth` (100,000) elements deep. */
  deepXml: ['depth'],
  /** XML whose document type declares entities that grow to gigabytes. */
  entityXml: [],
  /** The good answer with `&#xD;` and characters that XML forbids in it, which clients should tolerate. */
  controlCharacters: [],
  /** The good answer with bytes in it that are not UTF-8. */
  invalidUtf8: [],
  /** 429, with `Retry-After: retryAfter` (30; a number of seconds or any text), or without where it is null. */
  throttle: ['retryAfter'],
  /** Any `status` (500), with `headers` and `body` (empty). */
  status: ['status', 'headers', 'body'],
  /** Half of the good answer, then the connection ends. */
  truncated: [],
  /** The good answer in full, under a `Content-Length` of half of it. */
  wrongLength: [],
  /** The good answer with a header of `kibibytes` (64). */
  hugeHeaders: ['kibibytes'],
} as const

export type BehaviourName = keyof typeof behaviourSettings

export const behaviourNames = Object.keys(behaviourSettings) as BehaviourName[]

const count = (maximum: number) => Type.Optional(Type.Integer({ minimum: 1, maximum }))

const Settings = Type.Object({
  behaviour: Type.Enum(behaviourNames),
  ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_600_000 })),
  status: Type.Optional(Type.Integer({ minimum: 200, maximum: 599 })),
  location: Type.Optional(Type.String()),
  headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  body: Type.Optional(Type.String()),
  retryAfter: Type.Optional(Type.Union([Type.Integer({ minimum: 0 }), Type.String(), Type.Null()])),
  depth: count(1_000_000),
  mebibytes: count(1024),
  kibibytes: count(1024),
})

export type BehaviourSettings = Static<typeof Settings>

/** A behaviour by name, with the settings that it heeds where the defaults won't do. */
export type Behaviour = BehaviourName | BehaviourSettings

/** The settings in full. Throws, in words, on what no behaviour is, heeds or could send. */
export function readBehaviour(value: unknown): BehaviourSettings {
  const settings = typeof value === 'string' ? { behaviour: value } : value
  if (!Value.Check(Settings, settings)) {
    const [error] = Value.Errors(Settings, settings)
    throw new Error(`${error?.instancePath.slice(1) || 'the body'} ${error?.message}`)
  }
  const heeded: readonly string[] = behaviourSettings[settings.behaviour]
  const ignored = Object.keys(settings).filter(
    (key) => key !== 'behaviour' && !heeded.includes(key),
  )
  if (ignored.length > 0) throw new Error(`${settings.behaviour} heeds no ${ignored.join(', ')}`)

  const { headers = {}, location = '', retryAfter } = settings
  const sent = { ...headers, Location: location, 'Retry-After': String(retryAfter) }
  for (const [name, text] of Object.entries(sent)) {
    validateHeaderName(name)
    validateHeaderValue(name, text)
  }
  return settings
}
