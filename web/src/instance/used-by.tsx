import { Anchor, List, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { api, dataOf } from '../api/client.ts'
import { of } from '../api/instances.ts'
import { Failure } from '../parts/failure.tsx'

/** What said that it uses the instance; while something does, it is not deleted. */
export function UsedBy({ id }: { id: number }) {
  const { data, error } = useQuery({
    queryKey: ['references', id],
    queryFn: ({ signal }) =>
      dataOf(api.GET('/instances/{id}/references', { signal, params: of(id) })),
  })
  return (
    <Stack gap="xs">
      <Title order={2} size="h3">
        Where it is used
      </Title>
      {error && <Failure error={error} />}
      {data?.length === 0 && <Text size="sm">Nothing has said that it uses this instance.</Text>}
      {data && data.length > 0 && (
        <List size="sm">
          {data.map(({ name, url, description }) => (
            <List.Item key={name}>
              {url && /^https?:/.test(url) ? (
                <Anchor href={url} target="_blank" rel="noreferrer">
                  {name}
                </Anchor>
              ) : (
                name
              )}
              {description && `: ${description}`}
            </List.Item>
          ))}
        </List>
      )}
    </Stack>
  )
}
