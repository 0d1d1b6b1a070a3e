import { Alert, Button, Code, CopyButton, Group, Loader, Select, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, dataOf } from '../api/client.ts'
import { of } from '../api/instances.ts'
import { DataTable } from '../parts/data-table.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { Failure } from '../parts/failure.tsx'
import { When } from '../parts/when.tsx'

const overlaps = [
  { value: '0', label: 'None: the old one ends at once' },
  { value: '3600', label: 'An hour' },
  { value: '86400', label: 'A day' },
  { value: '604800', label: 'Seven days' },
  { value: '2592000', label: 'Thirty days' },
]

/** The token that calls through the instance carry, and those before it that still work. */
export function TokenTab({ id }: { id: number }) {
  const queries = useQueryClient()
  const queryKey = ['instance-token', id]
  const { data, error } = useQuery({
    queryKey,
    queryFn: ({ signal }) => dataOf(api.GET('/instances/{id}/token', { signal, params: of(id) })),
  })
  const [overlap, setOverlap] = useState('86400')
  const refresh = () =>
    Promise.all([
      queries.invalidateQueries({ queryKey }),
      queries.invalidateQueries({ queryKey: ['instances'] }),
    ])
  const rotation = useMutation({
    mutationFn: () =>
      dataOf(
        api.POST('/instances/{id}/token', {
          params: of(id),
          body: { overlapSeconds: Number(overlap) },
        }),
      ),
    onSuccess: refresh,
  })
  if (error) return <Failure error={error} />
  if (!data) return <Loader aria-label="Loading the token" />
  const { token, createdDate, lastUsedAt, previous } = data
  const isHidden = /^\*+$/.test(token)
  return (
    <Stack maw="44rem">
      {rotation.error && <Failure error={rotation.error} />}
      {rotation.data && (
        <Alert color="teal" title="There is a new token" role="status">
          Give it to whatever calls through this instance.
        </Alert>
      )}
      <Group>
        <Code style={{ overflowWrap: 'anywhere' }}>{token}</Code>
        {!isHidden && (
          <CopyButton value={token}>
            {({ copied, copy }) => (
              <Button size="compact-sm" variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
        )}
      </Group>
      {isHidden && <Text size="sm">Only the owner of the instance sees its token.</Text>}
      <Text size="sm">
        Made <When at={createdDate} />;{' '}
        {lastUsedAt ? (
          <>
            last used <When at={lastUsedAt} />
          </>
        ) : (
          'not used yet'
        )}
        .
      </Text>
      <Group align="end">
        <Select
          label="How long the old one goes on working"
          data={overlaps}
          allowDeselect={false}
          value={overlap}
          onChange={(value) => setOverlap(value ?? '86400')}
          w="18rem"
        />
        <Button loading={rotation.isPending} onClick={() => rotation.mutate()}>
          Replace the token
        </Button>
      </Group>
      {previous.length > 0 && (
        <>
          <DataTable
            label="Tokens before it that still work"
            rows={previous.map((one) => ({ ...one, id: one.createdDate }))}
            error={null}
            empty=""
            columns={[
              { name: 'Made', render: (one) => <When at={one.createdDate} /> },
              {
                name: 'Last used',
                render: (one) => (one.lastUsedAt ? <When at={one.lastUsedAt} /> : 'never'),
              },
              { name: 'Ends', render: (one) => <When at={one.expiresAt} /> },
            ]}
          />
          <Group>
            <DeleteButton
              name="the old tokens"
              verb="End"
              label="End the old tokens"
              onDelete={async () => {
                await api.DELETE('/instances/{id}/token', {
                  params: { ...of(id), query: { previous: true } },
                })
                await refresh()
              }}
            >
              Whatever still calls with one of them is refused at once.
            </DeleteButton>
          </Group>
        </>
      )}
    </Stack>
  )
}
