import { Button, Group, Loader, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconPlus } from '@tabler/icons-react'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import { api, dataOf } from '../api/client.ts'
import { useInstances } from '../api/instances.ts'
import { columns, selectColumn } from '../instances/columns.tsx'
import { Filters, noFilters } from '../instances/filters.tsx'
import { TestRun } from '../instances/test-run.tsx'
import { Failure } from '../parts/failure.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { type Sorting, sorted, VirtualTable } from '../parts/virtual-table.tsx'

/** As many as `POST /instances/verify` takes at once. */
const most = 1000
/** So many are read to be put in order. */
const mostSorted = 10_000

/** *Manage connectors*: every instance of the caller, with its state and since when. */
export function Instances() {
  const [chosen, setChosen] = useState(noFilters)
  const [searchText] = useDebouncedValue(chosen.searchText, 250)
  const filters = { ...chosen, searchText }
  const { rows, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage } =
    useInstances(filters)
  const [sorting, setSorting] = useState<Sorting>()
  // In order they are only when all are there.
  const isReadingOn = sorting !== undefined && hasNextPage && rows.length < mostSorted && !error
  useEffect(() => {
    if (isReadingOn && !isFetchingNextPage) void fetchNextPage()
  }, [isReadingOn, isFetchingNextPage, fetchNextPage])
  const inOrder = useMemo(() => sorted(rows, columns, sorting), [rows, sorting])
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set())
  const [run, setRun] = useState<number>()
  const test = useMutation({
    mutationFn: () =>
      dataOf(
        api.POST('/instances/verify', {
          headers: { accept: 'application/json' },
          body: { ids: [...selected] },
        }),
      ) as Promise<{ id: number }>,
    onSuccess: ({ id }) => {
      setRun(id)
      setSelected(new Set())
    },
  })
  const isFiltered = Object.values(filters).some((value) => value !== null && value.length > 0)
  return (
    <Stack>
      <PageHead
        title="Manage connectors"
        about="What is connected: an instance for each of a vendor's accounts."
      >
        <Button component={Link} to="/marketplace" leftSection={<IconPlus size={16} aria-hidden />}>
          Add an instance
        </Button>
      </PageHead>
      <Filters
        filters={chosen}
        onChange={(part) => {
          setChosen({ ...chosen, ...part })
          setSelected(new Set())
        }}
      />
      {test.error && <Failure error={test.error} />}
      {run !== undefined && <TestRun key={run} run={run} onClose={() => setRun(undefined)} />}
      {error && <Failure error={error} />}
      {isPending && <Loader aria-label="Loading the instances" />}
      {!isPending && rows.length === 0 && !error && (
        <Text>
          {isFiltered
            ? 'No instance passes these filters.'
            : 'Nothing is connected yet. Add an instance: choose what to connect, and fill in its credentials.'}
        </Text>
      )}
      {rows.length > 0 && (
        <>
          <Group mih={30}>
            <Button
              size="compact-sm"
              variant="default"
              disabled={selected.size === 0}
              loading={test.isPending}
              onClick={() => test.mutate()}
            >
              Test selected
            </Button>
            <Text size="sm" aria-live="polite">
              {selected.size === 0
                ? `${rows.length}${hasNextPage ? ' or more' : ''} listed`
                : `${selected.size} selected${selected.size >= most ? ', the most at once' : ''}`}
            </Text>
            {isReadingOn && (
              <Group gap="xs" role="status">
                <Loader size="xs" aria-hidden />
                <Text size="sm">Reading all of them to put them in order…</Text>
              </Group>
            )}
            {sorting && hasNextPage && !isReadingOn && (
              <Text size="sm">
                In order are the first {mostSorted.toLocaleString()}; filters show others.
              </Text>
            )}
          </Group>
          <VirtualTable
            label="Instances"
            rows={inOrder}
            sorting={sorting}
            onSort={setSorting}
            columns={[selectColumn(inOrder, selected, setSelected, most), ...columns]}
            onEnd={
              hasNextPage && !isFetchingNextPage && !sorting
                ? () => void fetchNextPage()
                : undefined
            }
          />
        </>
      )}
    </Stack>
  )
}
