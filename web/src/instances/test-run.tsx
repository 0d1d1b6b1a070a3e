import { Alert, Anchor, Button, Group, List, Progress, Stack, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { api, dataOf } from '../api/client.ts'
import { Failure } from '../parts/failure.tsx'

const everyMs = 1000

/** How far the trial of many instances is, and which of them the vendor did not accept. */
export function TestRun({ run, onClose }: { run: number; onClose(): void }) {
  const queries = useQueryClient()
  const { data, error } = useQuery({
    queryKey: ['verify', run],
    queryFn: ({ signal }) =>
      dataOf(api.GET('/instances/verify/{runId}', { signal, params: { path: { runId: run } } })),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? everyMs : false),
  })
  const isOver = data !== undefined && data.state !== 'running'
  useEffect(() => {
    if (isOver) queries.invalidateQueries({ queryKey: ['instances'] })
  }, [isOver, queries])
  if (error) return <Failure error={error} />
  const { count = 0, done = 0, verdicts = {}, results = [] } = data ?? {}
  const refused = results.filter(({ code }) => code !== null)
  return (
    <Alert
      color={isOver ? (refused.length > 0 ? 'yellow' : 'teal') : 'brand'}
      title={isOver ? 'The test is done' : 'Testing'}
      withCloseButton={isOver}
      closeButtonLabel="Close"
      onClose={onClose}
    >
      <Stack gap="xs">
        <Text size="sm" role="status">
          {done} of {count} tried
          {Object.entries(verdicts).map(([verdict, amount]) => `, ${amount} ${verdict}`)}
          {data?.state === 'interrupted' && '. It was interrupted: test the others again.'}
        </Text>
        <Progress
          value={count === 0 ? 0 : (done / count) * 100}
          animated={!isOver}
          aria-label="Instances that were tried"
        />
        {refused.length > 0 && (
          <List size="sm">
            {refused.slice(0, 20).map(({ id, message }) => (
              <List.Item key={id}>
                <Anchor component={Link} to={`/instances/${id}`} size="sm">
                  Instance {id}
                </Anchor>
                : {message}
              </List.Item>
            ))}
          </List>
        )}
        {refused.length > 20 && (
          <Text size="sm">And {refused.length - 20} more: filter by the state failed.</Text>
        )}
        {isOver && (
          <Group>
            <Button size="compact-sm" variant="default" onClick={onClose}>
              Close
            </Button>
          </Group>
        )}
      </Stack>
    </Alert>
  )
}
