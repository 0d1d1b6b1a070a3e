import { Box } from '@mantine/core'
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
  render(row: Row): ReactNode
}

/** A table of any length: only the rows in view are drawn, and the next ones asked for in time. */
export function VirtualTable<Row extends { id: number | string }>({
  label,
  rows,
  columns,
  onEnd,
}: {
  label: string
  rows: readonly Row[]
  columns: readonly Column<Row>[]
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
            {columns.map(({ name, head }) => (
              <th scope="col" key={name}>
                {head ?? name}
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
