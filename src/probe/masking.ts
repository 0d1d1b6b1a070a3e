import { isSecretOfSession, sessionCookies, valuesOf } from '../authentication/session.ts'
import { type Answer, holds } from '../exchange/condition.ts'
import { extractAll } from '../exchange/extract.ts'
import type { Values, VendorRequest } from '../exchange/request.ts'
import type { Step } from '../exchange/step.ts'
import { secretMask } from '../exchange/template.ts'
import { type Credentials, type ProbeStep, showableRequest } from './request.ts'
import { createScrub, type Scrub } from './scrub.ts'

/** What is shorter is a moment or a count. */
const shortestMade = 20

/** Made when something is shown: most probes succeed. */
export function lazyScrub(
  step: ProbeStep,
  credentials: Credentials,
  signed: VendorRequest,
  answer?: Answer,
): Scrub {
  let made: Scrub | undefined
  return (text, limit) => {
    made ??= createScrub([
      ...secretsOf(credentials),
      ...madeFrom(step, credentials, signed),
      ...(answer ? toldBy(step, credentials, answer) : []),
    ])
    return made(text, limit)
  }
}

/** What the answer itself tells in secret. */
function toldBy(
  { step, login }: ProbeStep,
  { values, secretKeys }: Credentials,
  answer: Answer,
): string[] {
  const { found } = extractAll(step, answer, values)
  const words = wordsOfRefusal(step, answer)
  const told = [...found].filter(([key]) => {
    const { xml, json, form } = step.extract![key]!
    const place = form === undefined ? (xml ?? json) : `?${form}`
    return (secretKeys.has(key) || isSecretOfSession(key)) && !words.includes(place)
  })
  return [...told.map(([, value]) => value), ...(login?.secretsIn(answer) ?? [])]
}

/** Where a refusal has its words, which some vendors put in the place of what they grant. */
function wordsOfRefusal(step: Step, answer: Answer): (string | undefined)[] {
  const rule = step.rules.find(({ when }) => holds(when, answer))
  return rule && rule.verdict !== 'verified' ? (step.providerMessage ?? []) : []
}

/** What was made of secrets, such as tokens of our own: what is not shown as it is sent. */
function madeFrom(step: ProbeStep, credentials: Credentials, signed: VendorRequest): string[] {
  const shown = showableRequest(step, credentials, maskSecrets(credentials))
  const inHeaders = Object.entries(signed.headers)
    .filter(([name, value]) => value !== shown.headers[name])
    .map(([, value]) => value.slice(value.indexOf(' ') + 1))
  const shownWords = new Set(wordsOf(shown))
  const words = wordsOf(signed).filter((word) => !shownWords.has(word))
  return [...inHeaders, ...words].filter((value) => value.length >= shortestMade)
}

/** A vendor may answer one of them without those around it: a signature, but not its parameters. */
function wordsOf({ url, headers, body = '' }: VendorRequest): string[] {
  const parameters = [new URL(url).search, ...Object.values(headers)].join(' ')
  const inParameters = decodePercent(parameters).match(/[\w.~+/-]+/g)
  return [...(inParameters ?? []), ...(String(body).match(/[\w.~+/-]+/g) ?? [])]
}

/** Of what is not in ASCII, no word is made. */
function decodePercent(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, byte: string) =>
    String.fromCharCode(Number.parseInt(byte, 16)),
  )
}

export function maskSecrets({ values, secretKeys }: Credentials): Values {
  return new Map([...values].map(([key, value]) => [key, secretKeys.has(key) ? secretMask : value]))
}

export function secretsOf({ values, secretKeys }: Credentials): string[] {
  return [...secretKeys].flatMap((key) => {
    const value = values.get(key)
    return value === undefined ? [] : key === sessionCookies ? valuesOf(value) : [value]
  })
}
