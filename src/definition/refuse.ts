import { Refusal } from '../http/errors.ts'
import type { CheckedConfiguration } from './configuration.ts'

/** All that is wrong with a configuration, and with the settings beside it, in one refusal. */
export function refuseConfiguration({
  missing,
  invalid,
  unknown,
}: Pick<CheckedConfiguration, 'missing' | 'invalid' | 'unknown'>): Refusal {
  const sentences = [
    missing.length > 0 && `Add ${missing.map(({ key, name }) => `"${key}" (${name})`).join(', ')}.`,
    ...invalid.map(({ key, reason }) => `"${key}" ${reason}.`),
    ...unknown.map(({ key, nearest }) => `"${key}" is unknown: did you mean "${nearest}"?`),
  ]
  const inSettings = invalid.every(({ key }) => key.startsWith('settings.'))
  const wrong = inSettings && unknown.length === 0 ? 'settings-invalid' : 'configuration-invalid'
  return new Refusal(missing.length > 0 ? 'configuration-incomplete' : wrong, {
    message: sentences.filter(Boolean).join(' '),
    missing: missing.length > 0 ? missing : undefined,
    invalid: invalid.length > 0 ? invalid : undefined,
    unknown: unknown.length > 0 ? unknown : undefined,
  })
}
