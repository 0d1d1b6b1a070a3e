import type { Config } from '../config.ts'
import { Refusal } from '../http/errors.ts'
import { isFitForBrowsers } from './page-url.ts'

const example = 'https://app.example.com/callback'

/**
 * A caller's own callback, to the letter: vendors compare it so (RFC 6749, section 3.1.2).
 * @throws {Refusal} `parameters-invalid` for what no vendor should send a code to
 */
export function readCallbackUrl(
  config: Pick<Config, 'egressAllow'>,
  given: string | undefined,
): string {
  if (given === undefined)
    throw refuse('is required', 'Say where the vendor sends the browser back')
  const url = URL.parse(given)
  if (!url || !/^https?:\/\/[\x21-\x7e]+$/i.test(given)) throw refuse('is no address')
  if (given.includes('#')) throw refuse('must not have a fragment')
  if (url.username || url.password) throw refuse('must not hold a user name or password')
  if (!isFitForBrowsers(config, url)) throw refuse('has to be https')
  return given
}

function refuse(reason: string, what = 'Send another callbackUrl'): Refusal {
  return new Refusal('parameters-invalid', {
    message: `${what}, such as ${example}: it ${reason}.`,
    invalid: [{ key: 'callbackUrl', reason }],
  })
}
