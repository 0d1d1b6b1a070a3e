import { Loader, Stack, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, dataOf } from '../api/client.ts'
import { of } from '../api/instances.ts'
import { Failure } from '../parts/failure.tsx'
import { StateBadge } from '../parts/state-badge.tsx'
import { When } from '../parts/when.tsx'

/** The states that an instance came to since it was created. */
export function HealthHistory({ id }: { id: number }) {
  const { data, error } = useQuery({
    // Below the instance: what changes that has this read anew.
    queryKey: ['instances', id, 'states'],
    queryFn: ({ signal }) => dataOf(api.GET('/instances/{id}/states', { signal, params: of(id) })),
  })
  return (
    <Stack gap="xs">
      <Title order={2} size="h4">
        Health history
      </Title>
      {error && <Failure error={error} />}
      {!data && !error && <Loader size="sm" aria-label="Loading the health history" />}
      {data?.length === 0 && <Text size="sm">Its state has not changed since it was created.</Text>}
      {data && data.length > 0 && (
        <Table aria-label="Health history" maw="48rem" verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">State</Table.Th>
              <Table.Th scope="col">Since</Table.Th>
              <Table.Th scope="col">Why</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data.map(({ state, since, reason }) => (
              <Table.Tr key={`${since} ${state}`}>
                <Table.Td>
                  <StateBadge state={state} />
                </Table.Td>
                <Table.Td>
                  <When at={since} />
                </Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{reason ?? '–'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Stack>
  )
}
