import { keyOf } from '../authentication/authentication.ts'
import type { Scalar } from '../definition/configuration.ts'
import type { Entry } from '../definition/element.ts'
import { Refusal } from '../http/errors.ts'
import { showKey } from '../http/show-key.ts'
import type { Form } from './form.ts'
import type { ConnectAnswers } from './page-schema.ts'

/**
 * The form that a customer filled in, and what it says; what is empty is left out.
 * @throws {Refusal} for a choice that was not offered, and values that were not asked for
 */
export function readAnswers(
  forms: readonly Form[],
  { elementId, authentication, configuration = {} }: ConnectAnswers,
): { form: Form; given: Record<string, Scalar> } {
  const form = forms.find(
    (one) => one.known.id === elementId && keyOf(one.authentication) === authentication,
  )
  if (!form) throw notOffered()
  const given = Object.entries(configuration).filter(([, value]) => value !== null && value !== '')
  const invalid = given.flatMap(([key, value]) => {
    const reason = findFault(form.entries, key, value)
    return reason === undefined ? [] : [{ key: showKey(key), reason }]
  })
  if (invalid.length === 0) return { form, given: Object.fromEntries(given) }
  const faults = invalid.map(({ key, reason }) => `"${key}" ${reason}.`).join(' ')
  throw new Refusal('configuration-invalid', { message: faults, invalid })
}

function findFault(entries: readonly Entry[], key: string, value: Scalar): string | undefined {
  const entry = entries.find((one) => one.key === key || passphraseOf(one) === key)
  if (!entry) return 'is not asked for here'
  // Certificates that are stored already are not the customer's.
  const isFile = entry.type !== 'certificate' || key !== entry.key || /[^\d\s]/.test(String(value))
  return isFile ? undefined : 'must be a file: PEM, or PKCS#12 in base64'
}

function passphraseOf({ key, type }: Entry): string | undefined {
  return type === 'certificate' ? `${key}.passphrase` : undefined
}

function notOffered(): Refusal {
  return new Refusal('body-invalid', {
    message: 'This cannot be chosen here. Reload the page and choose again.',
    invalid: [{ key: 'elementId', reason: 'is not offered with this authentication' }],
  })
}
