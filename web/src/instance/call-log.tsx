import { Alert, Button, Group, Modal, Select, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { callLogQuery, type LoggedCall } from '../api/calls.ts'
import { api, dataOf } from '../api/client.ts'
import { instanceQuery, of } from '../api/instances.ts'
import { DataTable } from '../parts/data-table.tsx'
import { ExchangeView } from '../parts/exchange.tsx'
import { Failure } from '../parts/failure.tsx'
import { When } from '../parts/when.tsx'

const times = [
  { value: '15', label: 'for 15 minutes' },
  { value: '60', label: 'for an hour' },
  { value: '1440', label: 'for a day' },
]

/** The calls through an instance, kept without secrets for a while when somebody asks for it. */
export function CallLog({ id, isOn }: { id: number; isOn: boolean }) {
  const queries = useQueryClient()
  const { data, error, refetch, isFetching } = useQuery(callLogQuery(id))
  const [minutes, setMinutes] = useState('15')
  const [shown, setShown] = useState<LoggedCall>()
  const refresh = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey: callLogQuery(id).queryKey }),
      // The instance says whether the log is on.
      queries.invalidateQueries({ queryKey: instanceQuery(id).queryKey }),
    ])
  const begin = useMutation({
    mutationFn: () =>
      dataOf(
        api.PUT('/instances/{id}/call-log', {
          params: of(id),
          body: { minutes: Number(minutes) },
        }),
      ) as Promise<{ until: string }>,
    onSuccess: refresh,
  })
  const end = useMutation({
    mutationFn: () => api.DELETE('/instances/{id}/call-log', { params: of(id) }),
    onSuccess: () => {
      begin.reset()
      return refresh()
    },
  })
  const failure = begin.error ?? end.error
  return (
    <Stack>
      <Title order={2} size="h3">
        Call log
      </Title>
      <Text size="sm">
        Off by default. While it is on, calls and answers are kept for 24 hours, secrets as stars.
      </Text>
      {failure && <Failure error={failure} />}
      <Text size="sm" role="status">
        {begin.data && (
          <>
            It is on; it ends by itself <When at={begin.data.until} />.
          </>
        )}
        {isOn && !begin.data && !end.isSuccess && 'It is on, and ends by itself.'}
        {end.isSuccess && !begin.data && 'It is off. What was kept stays here for its 24 hours.'}
      </Text>
      <Group align="end">
        <Select
          label="Keep the calls"
          data={times}
          allowDeselect={false}
          value={minutes}
          onChange={(value) => setMinutes(value ?? '15')}
          w="12rem"
        />
        <Button loading={begin.isPending} onClick={() => begin.mutate()}>
          Keep calls
        </Button>
        <Button variant="default" loading={end.isPending} onClick={() => end.mutate()}>
          Keep no more
        </Button>
        <Button variant="default" loading={isFetching} onClick={() => refetch()}>
          Read again
        </Button>
      </Group>
      <DataTable
        label="Logged calls"
        rows={data}
        error={error}
        empty="No call was kept. Keep calls for a while, make one through the instance, and read again."
        columns={[
          { name: 'When', render: ({ at }) => <When at={at} /> },
          { name: 'Call', render: ({ method, path }) => `${method} ${path ?? '(not kept)'}` },
          {
            name: 'Answer',
            render: ({ status, code }) => (code ? `${status}, ${code}` : String(status)),
          },
          {
            name: 'Took',
            render: ({ durationMs, waitMs }) =>
              waitMs > 0 ? `${durationMs} ms, ${waitMs} of it waiting` : `${durationMs} ms`,
          },
          {
            name: 'Details',
            render: (call) => (
              <Button
                size="compact-sm"
                variant="subtle"
                aria-label={`View details of ${call.method} ${call.path ?? ''}`}
                onClick={() => setShown(call)}
              >
                View details
              </Button>
            ),
          },
        ]}
      />
      <Modal
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        title="A call, without its secrets"
        size="xl"
      >
        {shown && (
          <Stack>
            {shown.code && (
              <Alert color="yellow">
                The client got {shown.status}, {shown.code}.
              </Alert>
            )}
            <ExchangeView exchange={exchangeOf(shown)} />
            <Text size="xs" c="dimmed">
              Request id {shown.requestId}
            </Text>
          </Stack>
        )}
      </Modal>
    </Stack>
  )
}

function exchangeOf({ method, path, durationMs, request, response }: LoggedCall) {
  return {
    verdict: '',
    durationMs,
    request: { method, url: path ?? '', headers: request.headers, body: request.body },
    response,
    failure: null,
  }
}
