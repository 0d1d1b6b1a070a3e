import { Badge, Code, Group, Text } from '@mantine/core'
import type { Entry } from '../api/elements.ts'
import { DataTable } from '../parts/data-table.tsx'

/** What an element asks for, as the API takes it. */
export function EntriesTable({ entries }: { entries: readonly Entry[] }) {
  return (
    <DataTable
      label="What it asks for"
      rows={entries.filter(({ internal, hideFromConsole }) => !internal && !hideFromConsole)}
      error={null}
      empty="It asks for nothing."
      columns={[
        {
          name: 'Name',
          render: ({ name, help }) => (
            <>
              <Text size="sm">{name}</Text>
              {help && (
                <Text size="xs" c="dimmed">
                  {help}
                </Text>
              )}
            </>
          ),
        },
        {
          name: 'Key',
          render: ({ key }) => <Code style={{ overflowWrap: 'anywhere' }}>{key}</Code>,
        },
        { name: 'Kind', render: ({ kind }) => kind },
        {
          name: 'Notes',
          render: ({ required, secret, advanced }) => (
            <Group gap={4}>
              {required && <Note text="required" />}
              {secret && <Note text="secret" />}
              {advanced && <Note text="advanced" />}
            </Group>
          ),
        },
        { name: 'Preset', render: ({ defaultValue }) => defaultValue },
      ]}
    />
  )
}

function Note({ text }: { text: string }) {
  return (
    <Badge variant="default" tt="none">
      {text}
    </Badge>
  )
}
