import type { Values, VendorRequest } from '../exchange/request.ts'
import { secretMask } from '../exchange/template.ts'
import { type Credentials, type ProbeStep, showableRequest } from './request.ts'
import { createScrub, type Scrub } from './scrub.ts'

/** What is shorter is a moment or a count. */
const shortestMade = 20

/** Made when something is shown: most probes succeed. */
export function lazyScrub(step: ProbeStep, credentials: Credentials, signed: VendorRequest): Scrub {
  let made: Scrub | undefined
  return (text, limit) => {
    made ??= createScrub([...secretsOf(credentials), ...madeFrom(step, credentials, signed)])
    return made(text, limit)
  }
}

/** What was made of secrets, such as tokens of our own: headers that are not shown as they are sent. */
function madeFrom(step: ProbeStep, credentials: Credentials, signed: VendorRequest): string[] {
  const shown = showableRequest(step, credentials, maskSecrets(credentials))
  return Object.entries(signed.headers)
    .filter(([name, value]) => value !== shown.headers[name])
    .map(([, value]) => value.slice(value.indexOf(' ') + 1))
    .filter((value) => value.length >= shortestMade)
}

export function maskSecrets({ values, secretKeys }: Credentials): Values {
  return new Map([...values].map(([key, value]) => [key, secretKeys.has(key) ? secretMask : value]))
}

function secretsOf({ values, secretKeys }: Credentials): string[] {
  return [...secretKeys].flatMap((key) => values.get(key) ?? [])
}

export function isOfSession(key: string): boolean {
  return key.startsWith('session.')
}
