import { Alert, Anchor, Button, Checkbox, Group, List, Loader, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, dataOf } from '../api/client.ts'
import type { Element } from '../api/elements.ts'
import { Failure } from '../parts/failure.tsx'
import { UpdateDifference } from './update-difference.tsx'
import { versionWords } from './version-words.ts'

/** What a newer version of an installed element changes, whom it breaks, and the way to it. */
export function UpdateNotice({ element: { key, name } }: { element: Element }) {
  const queries = useQueryClient()
  const path = { keyOrId: key }
  const { data, error } = useQuery({
    queryKey: ['element-update', key],
    queryFn: ({ signal }) =>
      dataOf(api.GET('/elements/{keyOrId}/update', { signal, params: { path } })),
  })
  const [keep, setKeep] = useState(false)
  const update = useMutation({
    mutationFn: () =>
      dataOf(api.PUT('/elements/{keyOrId}/update', { params: { path, query: { keep } } })),
    onSuccess: async ({ to, moved, kept }) => {
      notifications.show({
        color: 'teal',
        title: `${name} is at ${versionWords(to)}`,
        message: `${moved} instances moved to it, ${kept} stayed as they were.`,
      })
      await queries.invalidateQueries({ queryKey: ['elements'] })
      await queries.invalidateQueries({ queryKey: ['element-update', key] })
    },
  })
  if (error) return <Failure error={error} />
  if (!data) return <Loader aria-label="Loading what the update changes" />
  const { from, to, breaks, complete } = data
  return (
    <Alert
      color="yellow"
      title={`A newer one is available: ${versionWords(to)}; installed is ${versionWords(from)}`}
    >
      <Stack gap="sm">
        {update.error && <Failure error={update.error} />}
        <UpdateDifference update={data} />
        {breaks.length > 0 && (
          <div>
            <Text size="sm">These instances would lack something with it:</Text>
            <List size="sm">
              {breaks.map(({ id, name: instance, reasons }) => (
                <List.Item key={id}>
                  <Anchor component={Link} to={`/instances/${id}`} size="sm">
                    {instance}
                  </Anchor>
                  : {reasons.map((one) => `${one.key} ${one.reason}`).join(', ')}
                </List.Item>
              ))}
            </List>
            {!complete && <Text size="sm">There are more than these.</Text>}
            <Checkbox
              mt="xs"
              label={`Keep them at ${versionWords(from)}`}
              checked={keep}
              onChange={(event) => setKeep(event.currentTarget.checked)}
            />
          </div>
        )}
        <Group>
          <Button
            loading={update.isPending}
            disabled={breaks.length > 0 && !keep}
            onClick={() => update.mutate()}
          >
            Update to {versionWords(to)}
          </Button>
        </Group>
      </Stack>
    </Alert>
  )
}
