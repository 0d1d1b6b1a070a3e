import { Button, Group, Stack, Switch, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { type RateLimit, rateLimitsQuery } from '../api/limits.ts'
import { useIsAdmin } from '../api/session.ts'
import { DataTable } from '../parts/data-table.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { FormModal } from '../parts/form-modal.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { WindowsField } from '../parts/windows-field.tsx'

/** Budgets that several instances have together. */
export function RateLimits() {
  const { data, error } = useQuery(rateLimitsQuery)
  const [edited, setEdited] = useState<RateLimit | 'new'>()
  const queries = useQueryClient()
  const refresh = () => queries.invalidateQueries({ queryKey: rateLimitsQuery.queryKey })
  return (
    <Stack>
      <PageHead
        title="Rate limits"
        about="A budget for several instances together, such as one contract with a vendor. Instances that name none have limits of their own."
      >
        <Button onClick={() => setEdited('new')}>New rate limit</Button>
      </PageHead>
      <DataTable
        label="Rate limits"
        rows={data}
        error={error}
        empty="There is no shared rate limit yet. Make one where a vendor counts the calls of several instances together."
        columns={[
          { name: 'Name', render: ({ name }) => name },
          { name: 'Limits', render: ({ windows }) => windows.map(describe).join(', ') },
          { name: 'Instances', render: ({ instances }) => instances },
          { name: 'Shared', render: ({ shared }) => (shared ? 'with everyone' : 'no') },
          {
            name: 'Actions',
            render: (limit) => (
              <Group gap={4} wrap="nowrap">
                <Button
                  size="compact-sm"
                  variant="subtle"
                  aria-label={`Change ${limit.name}`}
                  onClick={() => setEdited(limit)}
                >
                  Change
                </Button>
                <DeleteButton
                  name={limit.name}
                  onDelete={async () => {
                    await api.DELETE('/rate-limits/{id}', { params: { path: { id: limit.id } } })
                    await refresh()
                  }}
                >
                  No instance may name it any more.
                </DeleteButton>
              </Group>
            ),
          },
        ]}
      />
      {edited && (
        <LimitForm
          limit={edited === 'new' ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onSaved={refresh}
        />
      )}
    </Stack>
  )
}

function describe({ amount, unit, every = 1 }: RateLimit['windows'][number]): string {
  return every === 1 ? `${amount} per ${unit}` : `${amount} per ${every} ${unit}s`
}

function LimitForm({
  limit,
  onClose,
  onSaved,
}: {
  limit: RateLimit | undefined
  onClose(): void
  onSaved(): Promise<unknown>
}) {
  const isAdmin = useIsAdmin()
  const form = useForm({
    initialValues: {
      name: limit?.name ?? '',
      windows: (limit?.windows ?? [{ amount: 100, unit: 'minute' as const }]).map(
        ({ every = 1, ...window }) => ({ ...window, every }),
      ),
      shared: limit?.shared ?? false,
    },
  })
  const save = async () => {
    const body = form.getValues()
    if (limit) await api.PUT('/rate-limits/{id}', { params: { path: { id: limit.id } }, body })
    else await api.POST('/rate-limits', { body })
    await onSaved()
  }
  return (
    <FormModal
      opened
      title={limit ? `Change ${limit.name}` : 'New rate limit'}
      verb={limit ? 'Save' : 'Make the rate limit'}
      onClose={onClose}
      onSubmit={save}
    >
      <TextInput
        label="Name"
        required
        maxLength={255}
        data-autofocus
        {...form.getInputProps('name')}
      />
      <WindowsField
        windows={form.getValues().windows}
        onChange={(windows) => form.setFieldValue('windows', windows)}
      />
      {isAdmin && (
        <Switch
          label="Every user of the organization may use it"
          {...form.getInputProps('shared', { type: 'checkbox' })}
        />
      )}
    </FormModal>
  )
}
