import { Loader, ScrollArea, Table, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { Failure } from './failure.tsx'

export interface DataColumn<Row> {
  name: string
  render(row: Row): ReactNode
}

/** A table of some rows, or why there are none and what to do. */
export function DataTable<Row extends { id: number | string }>({
  label,
  rows,
  error,
  columns,
  empty,
}: {
  label: string
  /** Undefined while they are being read. */
  rows: readonly Row[] | undefined
  error: unknown
  columns: readonly DataColumn<Row>[]
  empty: string
}) {
  if (error) return <Failure error={error} />
  if (!rows) return <Loader aria-label={`Loading: ${label}`} />
  if (rows.length === 0) return <Text>{empty}</Text>
  return (
    <ScrollArea type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': label }}>
      <Table aria-label={label} verticalSpacing="sm" miw="40rem">
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ name }) => (
              <Table.Th key={name} scope="col">
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              {columns.map(({ name, render }) => (
                <Table.Td key={name}>{render(row)}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea>
  )
}
