import { Button, Group, NumberInput, Stack, Switch, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { type ConnectionPool, poolsQuery } from '../api/limits.ts'
import { useIsAdmin } from '../api/session.ts'
import { DataTable } from '../parts/data-table.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { FormModal } from '../parts/form-modal.tsx'
import { PageHead } from '../parts/page-head.tsx'

/** How many calls are in flight at once, of all instances that name a pool. */
export function Pools() {
  const { data, error } = useQuery(poolsQuery)
  const [edited, setEdited] = useState<ConnectionPool | 'new'>()
  const queries = useQueryClient()
  const refresh = () => queries.invalidateQueries({ queryKey: poolsQuery.queryKey })
  return (
    <Stack>
      <PageHead
        title="Connection pools"
        about="A call takes a place in its instance's pool, holds it until it is done, and gives it back; when all are taken, the next one waits."
      >
        <Button onClick={() => setEdited('new')}>New pool</Button>
      </PageHead>
      <DataTable
        label="Connection pools"
        rows={data}
        error={error}
        empty="There is no pool yet. Make one where a vendor allows only so many calls at once, and name it in the settings of its instances."
        columns={[
          { name: 'Name', render: ({ name }) => name },
          { name: 'Calls at once', render: ({ limit }) => limit },
          { name: 'Waits at most', render: ({ waitTimeout }) => `${waitTimeout} s` },
          { name: 'Holds at most', render: ({ holdTimeout }) => `${holdTimeout} s` },
          { name: 'Instances', render: ({ instances }) => instances },
          { name: 'Shared', render: ({ shared }) => (shared ? 'with everyone' : 'no') },
          {
            name: 'Actions',
            render: (pool) => (
              <Group gap={4} wrap="nowrap">
                <Button
                  size="compact-sm"
                  variant="subtle"
                  aria-label={`Change ${pool.name}`}
                  onClick={() => setEdited(pool)}
                >
                  Change
                </Button>
                <DeleteButton
                  name={pool.name}
                  onDelete={async () => {
                    await api.DELETE('/connection-pools/{id}', {
                      params: { path: { id: pool.id } },
                    })
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
        <PoolForm
          pool={edited === 'new' ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onSaved={refresh}
        />
      )}
    </Stack>
  )
}

function PoolForm({
  pool,
  onClose,
  onSaved,
}: {
  pool: ConnectionPool | undefined
  onClose(): void
  onSaved(): Promise<unknown>
}) {
  const isAdmin = useIsAdmin()
  const form = useForm({
    initialValues: {
      name: pool?.name ?? '',
      limit: pool?.limit ?? 5,
      waitTimeout: pool?.waitTimeout ?? 30,
      holdTimeout: pool?.holdTimeout ?? 300,
      shared: pool?.shared ?? false,
    },
  })
  const save = async () => {
    const body = form.getValues()
    if (pool) await api.PUT('/connection-pools/{id}', { params: { path: { id: pool.id } }, body })
    else await api.POST('/connection-pools', { body })
    await onSaved()
  }
  return (
    <FormModal
      opened
      title={pool ? `Change ${pool.name}` : 'New connection pool'}
      verb={pool ? 'Save' : 'Make the pool'}
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
      <NumberInput
        label="Calls at once"
        description="Lowered, nothing is cut off: calls in flight end, and fewer begin."
        required
        min={1}
        max={10_000}
        {...form.getInputProps('limit')}
      />
      <Group grow align="start">
        <NumberInput
          label="Seconds that a call waits"
          description="Then it is refused."
          required
          min={0}
          max={3600}
          {...form.getInputProps('waitTimeout')}
        />
        <NumberInput
          label="Seconds that a call holds its place"
          description="Then it is ended."
          required
          min={1}
          max={86_400}
          {...form.getInputProps('holdTimeout')}
        />
      </Group>
      {isAdmin && (
        <Switch
          label="Every user of the organization may use it"
          {...form.getInputProps('shared', { type: 'checkbox' })}
        />
      )}
    </FormModal>
  )
}
