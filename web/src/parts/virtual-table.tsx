import { Box, UnstyledButton } from '@mantine/core'
import { IconArrowDown, IconArrowsSort, IconArrowUp } from '@tabler/icons-react'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useEffect, useRef } from 'react'
import classes from './virtual-table.module.css'

const rowHeight = 48

export interface Column<Row> {
  name: string
  /** In the place of the name, such as a box that selects all. */
  head?: ReactNode
  /** As CSS lays out grids; left out: its share of what is left. */
  width?: string
  /** By what its rows are put in order; left out: they can't be by this column. */
  sort?: (row: Row) => string
  render(row: Row): ReactNode
}

/** By which column rows are in order. */
export interface Sorting {
  name: string
  descending: boolean
}

/** The rows in that order; as they came where there is none. */
export function sorted<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sorting: Sorting | undefined,
): readonly Row[] {
  const key = columns.find(({ name }) => name === sorting?.name)?.sort
  if (!sorting || !key) return rows
  const sign = sorting.descending ? -1 : 1
  return rows
    .map((row) => ({ row, key: key(row) }))
    .sort((one, other) => sign * order.compare(one.key, other.key))
    .map(({ row }) => row)
}

const order = new Intl.Collator(undefined, { numeric: true })

/** A table of any length: only the rows in view are drawn, and the next ones asked for in time. */
export function VirtualTable<Row extends { id: number | string }>({
  label,
  rows,
  columns,
  sorting,
  onSort,
  onEnd,
}: {
  label: string
  rows: readonly Row[]
  columns: readonly Column<Row>[]
  sorting?: Sorting | undefined
  /** Left out: nothing can be sorted. */
  onSort?: (sorting: Sorting) => void
  /** Called as the last row comes into view; left out where there are no more. */
  onEnd?: (() => void) | undefined
}) {
  const frame = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => rowHeight,
    overscan: 10,
  })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (last >= rows.length - 20) onEnd?.()
  }, [last, rows.length, onEnd])
  const widths = columns.map(({ width }) => width ?? 'minmax(0, 1fr)')
  const grid = { gridTemplateColumns: widths.join(' ') }
  return (
    <Box ref={frame} className={classes.frame}>
      <table aria-label={label} aria-rowcount={onEnd ? -1 : rows.length + 1}>
        <thead className={classes.head}>
          <tr className={classes.row} style={grid} aria-rowindex={1}>
            {columns.map(({ name, head, sort }) => (
              <th scope="col" key={name} aria-sort={sort && sortOf(name, sorting)}>
                {sort && onSort ? (
                  <SortButton name={name} sorting={sorting} onSort={onSort} />
                ) : (
                  (head ?? name)
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className={classes.body} style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, start }) => (
            <tr
              key={rows[index]!.id}
              className={classes.row}
              style={{ ...grid, position: 'absolute', top: start, height: rowHeight }}
              aria-rowindex={index + 2}
            >
              {columns.map(({ name, render }) => (
                <td key={name} className={classes.cell}>
                  {render(rows[index]!)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Box>
  )
}

function sortOf(name: string, sorting: Sorting | undefined) {
  if (sorting?.name !== name) return 'none'
  return sorting.descending ? 'descending' : 'ascending'
}

function SortButton({
  name,
  sorting,
  onSort,
}: {
  name: string
  sorting: Sorting | undefined
  onSort: (sorting: Sorting) => void
}) {
  const isChosen = sorting?.name === name
  const descending = isChosen && !sorting.descending
  const Icon = isChosen ? (sorting.descending ? IconArrowDown : IconArrowUp) : IconArrowsSort
  return (
    <UnstyledButton className={classes.sort} onClick={() => onSort({ name, descending })}>
      {name}
      <Icon size={14} aria-hidden />
    </UnstyledButton>
  )
}
