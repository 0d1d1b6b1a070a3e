import { Anchor, Button, Code, Group, Stack } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { type AuditEntry, useAudit } from '../api/audit.ts'
import { DataTable } from './data-table.tsx'
import { When } from './when.tsx'

/** What was done, by whom, when and from where; earlier entries as they are asked for. */
export function AuditTable({
  filters,
  empty,
  ofOne = false,
}: {
  filters: Parameters<typeof useAudit>[0]
  empty: string
  /** Whether all entries are about the same instance. */
  ofOne?: boolean
}) {
  const { data, error, hasNextPage, fetchNextPage, isFetchingNextPage } = useAudit(filters)
  return (
    <Stack>
      <DataTable
        label="Audit"
        rows={data?.pages.flatMap(({ items }) => items)}
        error={error}
        empty={empty}
        columns={ofOne ? columns.filter(({ name }) => name !== 'Instance') : columns}
      />
      {hasNextPage && (
        <Group>
          <Button variant="default" loading={isFetchingNextPage} onClick={() => fetchNextPage()}>
            Show earlier ones
          </Button>
        </Group>
      )}
    </Stack>
  )
}

const columns = [
  { name: 'When', render: ({ createdDate }: AuditEntry) => <When at={createdDate} /> },
  { name: 'Action', render: ({ action }: AuditEntry) => action },
  {
    name: 'Who',
    render: ({ actor, userId }: AuditEntry) => (userId === null ? actor : `user ${userId}`),
  },
  {
    name: 'Instance',
    render: ({ instanceId }: AuditEntry) =>
      instanceId !== null && (
        <Anchor component={Link} to={`/instances/${instanceId}`}>
          {instanceId}
        </Anchor>
      ),
  },
  { name: 'From where', render: ({ address }: AuditEntry) => address },
  {
    name: 'More',
    render: ({ detail }: AuditEntry) =>
      Object.keys(detail).length > 0 && (
        <Code maw="24rem" style={{ overflowWrap: 'anywhere' }}>
          {JSON.stringify(detail)}
        </Code>
      ),
  },
  { name: 'Request', render: ({ requestId }: AuditEntry) => <Code>{requestId}</Code> },
]
