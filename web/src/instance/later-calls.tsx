import { Badge, Button, Group, Loader, Modal, Stack, Text, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { laterCallQuery, laterCallsQuery, type StoredCall } from '../api/calls.ts'
import { api } from '../api/client.ts'
import { of } from '../api/instances.ts'
import { DataTable } from '../parts/data-table.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { MessageView } from '../parts/exchange.tsx'
import { Failure } from '../parts/failure.tsx'
import { When } from '../parts/when.tsx'

const colors: Record<StoredCall['state'], string> = {
  waiting: 'blue',
  sending: 'blue',
  done: 'teal',
  failed: 'red',
  cancelled: 'gray',
}

/** The calls that are sent when the limits let them through, and those that were, for a day. */
export function LaterCalls({ id }: { id: number }) {
  const queries = useQueryClient()
  const { data, error } = useQuery(laterCallsQuery(id))
  const [shown, setShown] = useState<number>()
  const cancel = async (callId: number) => {
    await api.DELETE('/calls/{id}', { params: of(callId) })
    await queries.invalidateQueries({ queryKey: laterCallsQuery(id).queryKey })
  }
  return (
    <Stack>
      <Title order={2} size="h3">
        Calls for later
      </Title>
      <DataTable
        label="Calls for later"
        rows={data}
        error={error}
        empty="None. A call that is sent with “Prefer: respond-async” waits here until the limits let it through, and its answer is kept for a day."
        columns={[
          { name: 'Since', render: ({ createdAt }) => <When at={createdAt} /> },
          { name: 'Call', render: (call) => `${call.method}, number ${call.id}` },
          {
            name: 'State',
            render: ({ state }) => (
              <Badge color={colors[state]} variant="light" tt="none" miw="max-content">
                {state}
              </Badge>
            ),
          },
          {
            name: 'Answer',
            render: ({ status, error: why, notBefore }) => {
              if (status !== undefined) return status
              if (why) return why.code
              return notBefore ? <When at={notBefore} /> : '–'
            },
          },
          {
            name: 'Details',
            render: (call) => (
              <Group gap="xs" wrap="nowrap">
                <Button
                  size="compact-sm"
                  variant="subtle"
                  aria-label={`View details of call ${call.id}`}
                  onClick={() => setShown(call.id)}
                >
                  View details
                </Button>
                {call.state === 'waiting' && (
                  <DeleteButton
                    name={`call ${call.id}`}
                    verb="Cancel"
                    onDelete={() => cancel(call.id)}
                  >
                    It is not sent, and what was to be sent is deleted.
                  </DeleteButton>
                )}
              </Group>
            ),
          },
        ]}
      />
      <Modal
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        title={`Call ${shown ?? ''}`}
        size="xl"
      >
        {shown !== undefined && <LaterCall id={shown} />}
      </Modal>
    </Stack>
  )
}

function LaterCall({ id }: { id: number }) {
  const { data, error } = useQuery(laterCallQuery(id))
  if (error) return <Failure error={error} />
  if (!data) return <Loader aria-label="Loading the call" />
  const { state, place, notBefore, attempts, answer, error: why } = data
  return (
    <Stack>
      <Text size="sm">
        It is {state}
        {place !== undefined && `, number ${place} in the queue of this instance`}
        {attempts > 0 && `; tried ${attempts === 1 ? 'once' : `${attempts} times`}`}.
        {notBefore && (
          <>
            {' '}
            It is tried next <When at={notBefore} />.
          </>
        )}
      </Text>
      {why && <Text size="sm">{why.message}</Text>}
      {answer && (
        <>
          <Text size="sm">
            Status {answer.status}.{answer.truncated && ' The body went on beyond a mebibyte.'}
            {answer.encoding === 'base64' && ' The body is no text: it stands in base64.'}
          </Text>
          <MessageView
            headers={Object.fromEntries(
              Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
            )}
            body={answer.body}
          />
        </>
      )}
    </Stack>
  )
}
