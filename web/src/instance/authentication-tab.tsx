import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useEffect, useRef, useState } from 'react'
import { api } from '../api/client.ts'
import type { Element } from '../api/elements.ts'
import { ofVersion, type ReadInstance, readOf } from '../api/instances.ts'
import { problemOf } from '../api/problem.ts'
import { LeaveQuestion } from '../parts/leave-question.tsx'
import { AuthenticationStep } from '../wizard/authentication-step.tsx'
import { BlockedWindow } from '../wizard/blocked-window.tsx'
import { CertificateField } from '../wizard/certificate-field.tsx'
import { askConsent, WindowBlocked } from '../wizard/consent.ts'
import { CredentialsStep } from '../wizard/credentials-step.tsx'
import { showFaults, useWizardForm } from '../wizard/form.ts'
import { forgetWizard, keptWizard } from '../wizard/resumption.ts'
import { ChangeRefused } from './change-refused.tsx'
import { askedAgain, credentialsChange, filledBy } from './kept-form.ts'
import { useDeed } from './use-deed.ts'

/** Other credentials, or the same consent anew; the old ones work until the vendor accepts these. */
export function AuthenticationTab({
  read,
  element: current,
  onReload,
}: {
  read: ReadInstance
  element: Element
  onReload(): void
}) {
  const { instance } = read
  const element = askedAgain(current, instance)
  const [resumed] = useState(() => keptWizard(element.key, instance.id))
  const form = useWizardForm(element, resumed?.filled ?? filledBy(element, instance))
  // What the vendor told this tab; used once.
  const [told, setTold] = useState(resumed?.told)
  const [tag, setTag] = useState(read.tag)
  const [strangers, setStrangers] = useState<string[]>([])
  const isLeaving = useRef(false)
  // A form that opens later would take it for its own.
  useEffect(forgetWizard, [])
  const chosen = form.getValues().authentication
  const consents = element.authenticationTypes.find(({ key }) => key === chosen)?.consent ?? false
  const { mutate, error, isPending } = useDeed(
    instance.id,
    async () => {
      form.clearErrors()
      setStrangers([])
      const providerData = consents
        ? (told ?? (await askConsent(element, form.getValues(), instance.id)))
        : undefined
      const body = credentialsChange(element, instance, form.getValues())
      return readOf(
        api.PATCH('/instances/{id}', {
          params: ofVersion(instance.id, tag),
          body: { ...body, ...(providerData && { providerData }) },
        }),
      ).catch((refusal: unknown) => {
        setTold(undefined)
        setStrangers(showFaults(form, element, problemOf(refusal)))
        throw refusal
      })
    },
    (changed) => {
      setTag(changed.tag)
      form.resetDirty()
      notifications.show({ color: 'teal', message: 'The vendor accepts it, and it is stored' })
      onReload()
    },
  )
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        mutate()
      }}
    >
      <LeaveQuestion isTyped={() => form.isDirty() && !isLeaving.current} />
      <Stack maw="44rem">
        {error && !(error instanceof WindowBlocked) && (
          <ChangeRefused error={error} strangers={strangers} onReload={onReload} />
        )}
        {error instanceof WindowBlocked && (
          <BlockedWindow
            element={element}
            filled={form.getValues()}
            instanceId={instance.id}
            onLeave={() => {
              isLeaving.current = true
            }}
          />
        )}
        {resumed && !error && (
          <Alert color="brand" title={`You are back from ${element.name}`} role="status">
            {told
              ? 'Press "Reconnect" to finish. Secrets need not be typed again: the service kept them for this.'
              : 'You came back without its answer. Go there once more.'}
          </Alert>
        )}
        <Text size="sm">
          The vendor is asked before anything is stored; until it accepts, the instance goes on as
          it is. Its id and its token stay the same.
        </Text>
        {element.authenticationTypes.length > 1 && (
          <AuthenticationStep element={element} form={form} />
        )}
        <CredentialsStep element={element} form={form} Certificate={CertificateField} />
        <Group justify="end">
          <Button type="submit" loading={isPending}>
            {!consents
              ? 'Check and store'
              : told
                ? 'Reconnect'
                : `Go to ${element.name} and reconnect`}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
