import { Anchor, Badge, Checkbox, Group, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ListedInstance } from '../api/instances.ts'
import { StateBadge } from '../parts/state-badge.tsx'
import type { Column } from '../parts/virtual-table.tsx'
import { When } from '../parts/when.tsx'

export const columns: Column<ListedInstance>[] = [
  {
    name: 'Name',
    width: 'minmax(0, 2fr)',
    sort: ({ name }) => name.toLowerCase(),
    render: ({ id, name, tags }) => (
      <Group gap="xs" wrap="nowrap">
        <Anchor component={Link} to={`/instances/${id}`} underline="hover" truncate>
          {name}
        </Anchor>
        {tags
          .filter((tag) => tag !== name)
          .slice(0, 3)
          .map((tag) => (
            <Badge
              key={tag}
              variant="default"
              tt="none"
              visibleFrom="md"
              style={{ flexShrink: 0 }}
              maw="8rem"
            >
              {tag}
            </Badge>
          ))}
      </Group>
    ),
  },
  {
    name: 'Element',
    sort: ({ element }) => element.name.toLowerCase(),
    render: ({ element }) => (
      <Text size="sm" truncate title={element.name}>
        {element.name}
      </Text>
    ),
  },
  {
    name: 'State',
    width: 'minmax(0, 2fr)',
    sort: ({ state, disabled }) => (disabled ? 'disabled' : state),
    render: ({ state, stateReason, disabled }) => (
      <Group gap="xs" wrap="nowrap">
        <div style={{ flexShrink: 0 }}>
          <StateBadge state={disabled ? 'disabled' : state} />
        </div>
        {stateReason && (
          <Text size="xs" c="dimmed" truncate title={stateReason}>
            {stateReason}
          </Text>
        )}
      </Group>
    ),
  },
  {
    name: 'Since',
    width: '8rem',
    sort: ({ stateSince }) => stateSince,
    render: ({ stateSince }) => <When at={stateSince} />,
  },
  {
    name: 'Last used',
    width: '8rem',
    sort: ({ lastUsedAt }) => lastUsedAt ?? '',
    render: ({ lastUsedAt }) =>
      lastUsedAt ? (
        <When at={lastUsedAt} />
      ) : (
        <Text size="sm" c="dimmed">
          never
        </Text>
      ),
  },
]

/** A box for each row, and one in the head for all of them. */
export function selectColumn(
  rows: readonly ListedInstance[],
  selected: ReadonlySet<number>,
  onChange: (selected: ReadonlySet<number>) => void,
  most: number,
): Column<ListedInstance> {
  const all = rows.length > 0 && rows.slice(0, most).every(({ id }) => selected.has(id))
  return {
    name: 'Select',
    width: '1.5rem',
    head: (
      <Checkbox
        size="xs"
        aria-label="Select all that are listed"
        checked={all}
        indeterminate={!all && selected.size > 0}
        onChange={() => onChange(new Set(all ? [] : rows.slice(0, most).map(({ id }) => id)))}
      />
    ),
    render: ({ id, name }) => (
      <Checkbox
        size="xs"
        aria-label={`Select ${name}`}
        checked={selected.has(id)}
        disabled={!selected.has(id) && selected.size >= most}
        onChange={() =>
          onChange(
            selected.has(id)
              ? new Set([...selected].filter((one) => one !== id))
              : new Set([...selected, id]),
          )
        }
      />
    ),
  }
}
