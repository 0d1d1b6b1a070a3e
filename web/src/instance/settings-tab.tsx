import { Button, Group, Stack } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { api } from '../api/client.ts'
import type { Element } from '../api/elements.ts'
import { ofVersion, type ReadInstance, readOf } from '../api/instances.ts'
import { problemOf } from '../api/problem.ts'
import { LeaveQuestion } from '../parts/leave-question.tsx'
import { DetailsStep } from '../wizard/details-step.tsx'
import { showFaults, useWizardForm } from '../wizard/form.ts'
import { NameStep } from '../wizard/name-step.tsx'
import { ChangeRefused } from './change-refused.tsx'
import { filledBy, settingsChange } from './kept-form.ts'
import { useDeed } from './use-deed.ts'

/** Its name, and how calls through it are made; the vendor is not asked about any of it. */
export function SettingsTab({
  read,
  element,
  onReload,
}: {
  read: ReadInstance
  element: Element
  onReload(): void
}) {
  const { id } = read.instance
  const form = useWizardForm(element, filledBy(element, read.instance))
  // The version that was filled in, not one that was read in the background since.
  const [tag, setTag] = useState(read.tag)
  const [strangers, setStrangers] = useState<string[]>([])
  const { mutate, error, isPending } = useDeed(
    id,
    () =>
      readOf(
        api.PATCH('/instances/{id}', {
          params: { ...ofVersion(id, tag), query: { reAuthenticate: false } },
          body: settingsChange(form.getValues()),
        }),
      ).catch((refusal: unknown) => {
        setStrangers(showFaults(form, element, problemOf(refusal)))
        throw refusal
      }),
    (changed) => {
      setTag(changed.tag)
      form.resetDirty()
      notifications.show({ color: 'teal', message: 'The settings are stored' })
    },
  )
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        mutate()
      }}
    >
      <LeaveQuestion isTyped={() => form.isDirty()} />
      <Stack maw="44rem">
        {error && <ChangeRefused error={error} strangers={strangers} onReload={onReload} />}
        <NameStep element={element} form={form} />
        <DetailsStep form={form} />
        <Group justify="end">
          <Button type="submit" loading={isPending} disabled={!form.isDirty()}>
            Store the settings
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
