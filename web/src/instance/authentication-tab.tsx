import { Button, Group, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { api } from '../api/client.ts'
import type { Element } from '../api/elements.ts'
import { ofVersion, type ReadInstance, readOf } from '../api/instances.ts'
import { problemOf } from '../api/problem.ts'
import { AuthenticationStep } from '../wizard/authentication-step.tsx'
import { CertificateField } from '../wizard/certificate-field.tsx'
import { askConsent } from '../wizard/consent.ts'
import { CredentialsStep } from '../wizard/credentials-step.tsx'
import { showFaults, useWizardForm } from '../wizard/form.ts'
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
  const form = useWizardForm(element, filledBy(element, instance))
  const [tag, setTag] = useState(read.tag)
  const [strangers, setStrangers] = useState<string[]>([])
  const chosen = form.getValues().authentication
  const consents = element.authenticationTypes.find(({ key }) => key === chosen)?.consent ?? false
  const { mutate, error, isPending } = useDeed(
    instance.id,
    async () => {
      form.clearErrors()
      setStrangers([])
      const providerData = consents
        ? await askConsent(element, form.getValues(), instance.id)
        : undefined
      const body = credentialsChange(element, instance, form.getValues())
      return readOf(
        api.PATCH('/instances/{id}', {
          params: ofVersion(instance.id, tag),
          body: { ...body, ...(providerData && { providerData }) },
        }),
      ).catch((refusal: unknown) => {
        setStrangers(showFaults(form, element, problemOf(refusal)))
        throw refusal
      })
    },
    (changed) => {
      setTag(changed.tag)
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
      <Stack maw="44rem">
        {error && <ChangeRefused error={error} strangers={strangers} onReload={onReload} />}
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
            {consents ? `Go to ${element.name} and reconnect` : 'Check and store'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
