import { Button, Group, NumberInput, Paper, Stack, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, dataOf } from '../api/client.ts'
import { poolsQuery } from '../api/limits.ts'
import { Failure } from '../parts/failure.tsx'

/** A connection pool made in place, for who finds none that fits. */
export function NewPool({ onMade }: { onMade(id: number): void }) {
  const [opened, { open, close }] = useDisclosure()
  const [name, setName] = useState('')
  const [limit, setLimit] = useState<number | string>(5)
  const queries = useQueryClient()
  const { mutate, error, isPending } = useMutation({
    mutationFn: () =>
      dataOf(api.POST('/connection-pools', { body: { name, limit: Number(limit) } })),
    onSuccess: async (pool) => {
      await queries.invalidateQueries({ queryKey: poolsQuery.queryKey })
      onMade((pool as { id: number }).id)
      close()
    },
  })
  if (!opened) {
    return (
      <Group>
        <Button variant="default" size="compact-sm" onClick={open}>
          New pool
        </Button>
      </Group>
    )
  }
  return (
    <Paper withBorder p="sm">
      <Stack gap="sm">
        <Group grow align="end">
          <TextInput
            label="Name of the pool"
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <NumberInput
            label="Calls at once"
            min={1}
            max={10_000}
            allowDecimal={false}
            value={limit}
            onChange={setLimit}
          />
        </Group>
        {error && <Failure error={error} />}
        <Group>
          <Button
            size="compact-sm"
            loading={isPending}
            disabled={name.trim() === '' || limit === ''}
            onClick={() => mutate()}
          >
            Make the pool
          </Button>
          <Button size="compact-sm" variant="subtle" onClick={close}>
            Leave it
          </Button>
        </Group>
      </Stack>
    </Paper>
  )
}
