import { Anchor, Badge, Button, Code, Group, Select, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, dataOf } from '../api/client.ts'
import { type Delivery, deliveriesQuery } from '../api/webhooks.ts'
import { DataTable } from '../parts/data-table.tsx'
import { Failure } from '../parts/failure.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { When } from '../parts/when.tsx'

const route = getRouteApi('/signed-in/webhooks/$id')
const colors = { waiting: 'blue', delivered: 'teal', dead: 'red' }

/** What was sent to a webhook, each attempt with what the receiver answered. */
export function Deliveries() {
  const id = Number(route.useParams().id)
  const [state, setState] = useState<Delivery['state'] | null>(null)
  const { data, error } = useQuery(deliveriesQuery(id, state))
  const queries = useQueryClient()
  const again = useMutation({
    mutationFn: (deliveryId: number | undefined): Promise<unknown> =>
      deliveryId === undefined
        ? dataOf(api.POST('/webhooks/{id}/redeliver', { params: { path: { id } } }))
        : dataOf(
            api.POST('/webhooks/{id}/deliveries/{deliveryId}/redeliver', {
              params: { path: { id, deliveryId } },
            }),
          ),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['webhooks', id] }),
  })
  return (
    <Stack>
      <PageHead
        title="Deliveries"
        about="At least once and in order for each instance. What fails is tried again for about three days, then it is dead until somebody sends it again."
      >
        <Button variant="default" loading={again.isPending} onClick={() => again.mutate(undefined)}>
          Send all dead ones again
        </Button>
      </PageHead>
      {again.error && <Failure error={again.error} />}
      <Group>
        <Select
          aria-label="State"
          placeholder="Any state"
          clearable
          data={['waiting', 'delivered', 'dead']}
          value={state}
          onChange={(value) => setState(value as Delivery['state'] | null)}
        />
      </Group>
      <DataTable
        label="Deliveries"
        rows={data}
        error={error}
        empty="Nothing has been sent there yet."
        columns={[
          { name: 'When', render: ({ createdDate }) => <When at={createdDate} /> },
          { name: 'Event', render: ({ type }) => type },
          {
            name: 'Instance',
            render: ({ instanceId }) => (
              <Anchor component={Link} to={`/instances/${instanceId}`}>
                {instanceId}
              </Anchor>
            ),
          },
          {
            name: 'State',
            render: ({ state }) => (
              <Badge color={colors[state]} miw="max-content">
                {state}
              </Badge>
            ),
          },
          { name: 'Attempts', render: ({ attempts }) => <LastAttempt attempts={attempts} /> },
          {
            name: 'Actions',
            render: (delivery) =>
              delivery.state === 'dead' && (
                <Button
                  size="compact-sm"
                  variant="subtle"
                  onClick={() => again.mutate(delivery.id)}
                >
                  Send again
                </Button>
              ),
          },
        ]}
      />
    </Stack>
  )
}

function LastAttempt({ attempts }: Pick<Delivery, 'attempts'>) {
  const last = attempts.at(-1)
  if (!last) return <Text size="sm">none yet</Text>
  return (
    <Stack gap={2}>
      <Text size="sm">
        {attempts.length}, the last one <When at={last.at} />:{' '}
        {last.failure?.message ?? `answered ${last.status}`}
      </Text>
      {last.answer && <Code>{last.answer.slice(0, 200)}</Code>}
    </Stack>
  )
}
