import { useForm } from '@mantine/form'
import type { AuthenticationChoice, Element, Entry } from '../api/elements.ts'
import type { components } from '../api/schema.d.ts'
import type { LimitWindow } from '../parts/windows-field.tsx'

export type Settings = components['schemas']['Settings']
export type InstanceBody = components['schemas']['ElementInstanceRequest']

/** What has been filled in, across all steps; nothing of it is lost by a refusal or by going back. */
export interface Filled {
  name: string
  tags: string[]
  externalId: string
  timeZone: string
  dateFormat: string
  rateLimits: LimitWindow[]
  rateLimitId: string | null
  connectionPoolId: string | null
  authentication: string
  /** An app profile in the place of the client's own id and secret. */
  oauthAppId: string | null
  /** By place among the entries, since keys hold dots, which would be paths. */
  values: Record<string, string | boolean>
}

/** What the fields are made of: an element, or what a connect session asks for of it. */
export type FormElement = Pick<
  Element,
  'settings' | 'authenticationTypes' | 'configuration' | 'configDescription'
>

export type WizardForm = ReturnType<typeof useWizardForm>

export function useWizardForm(element: FormElement, given: Partial<Filled> = {}) {
  const { settings } = element
  return useForm<Filled>({
    mode: 'controlled',
    initialValues: {
      name: '',
      tags: [],
      externalId: '',
      timeZone: settings.timeZone ?? 'UTC',
      dateFormat: settings.dateFormat ?? '',
      rateLimits: (settings.rateLimits ?? []).map(({ every = 1, ...window }) => ({
        every,
        ...window,
      })),
      rateLimitId: null,
      connectionPoolId: null,
      authentication: preset(element).key,
      oauthAppId: null,
      ...given,
      values: {
        ...Object.fromEntries(
          element.configuration.map((entry) => [fieldOf(entry), initialOf(entry)]),
        ),
        ...given.values,
      },
    },
  })
}

/** The authentication that a newcomer is offered first. */
function preset({ authenticationTypes }: FormElement): AuthenticationChoice {
  return authenticationTypes.find((one) => one.default) ?? authenticationTypes[0]!
}

export function fieldOf({ id }: Pick<Entry, 'id'>): string {
  return `e${id}`
}

function initialOf({ kind, defaultValue }: Entry): string | boolean {
  return kind === 'boolean' ? defaultValue === 'true' : (defaultValue ?? '')
}

/** The entries that somebody fills in for an authentication, in the order of the form. */
export function entriesFor({ configuration }: FormElement, authentication: string): Entry[] {
  return configuration.filter(
    (entry) =>
      !entry.hideFromConsole &&
      !entry.internal &&
      (entry.authentications === null || entry.authentications.includes(authentication)),
  )
}

/** The body of a request that provisions, or tries, what was filled in. */
export function bodyOf(element: FormElement, filled: Filled): InstanceBody {
  const entries = entriesFor(element, filled.authentication)
  const values = entries.flatMap((entry) => {
    const value = filled.values[fieldOf(entry)]
    return value === undefined || value === '' ? [] : [[entry.key, value] as const]
  })
  return {
    name: filled.name,
    ...(filled.tags.length > 0 && { tags: filled.tags }),
    ...(filled.externalId !== '' && { externalId: filled.externalId }),
    ...((element.authenticationTypes.length > 1 || filled.oauthAppId !== null) && {
      authentication: {
        type: filled.authentication,
        ...(filled.oauthAppId !== null && { oauthAppId: Number(filled.oauthAppId) }),
      },
    }),
    configuration: Object.fromEntries(values),
    settings: settingsOf(filled),
  }
}

export function settingsOf(filled: Filled): Settings {
  const { timeZone, dateFormat, rateLimits, rateLimitId, connectionPoolId } = filled
  return {
    ...(timeZone !== '' && { timeZone }),
    ...(dateFormat !== '' && { dateFormat }),
    ...(rateLimitId !== null
      ? { rateLimitId: Number(rateLimitId) }
      : rateLimits.length > 0 && {
          rateLimits: rateLimits.map(({ every, ...window }) => ({
            ...window,
            ...(every !== 1 && { every }),
          })),
        }),
    ...(connectionPoolId !== null && { connectionPoolId: Number(connectionPoolId) }),
  }
}

/** Puts what a refusal says of an entry beside its field; the keys that stand in no field. */
export function showFaults(
  form: WizardForm,
  element: FormElement,
  problem: {
    missing?: { key: string }[] | undefined
    invalid?: { key: string; reason: string }[] | undefined
  },
): string[] {
  const faults = [
    ...(problem.missing ?? []).map(({ key }) => ({ key, reason: 'is required' })),
    ...(problem.invalid ?? []),
  ]
  const strangers: string[] = []
  for (const { key, reason } of faults) {
    const entry = element.configuration.find((one) => one.key === key)
    if (entry) form.setFieldError(`values.${fieldOf(entry)}`, `This ${reason}`)
    else strangers.push(`${key} ${reason}`)
  }
  return strangers
}
