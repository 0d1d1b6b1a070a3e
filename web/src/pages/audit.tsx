import { Group, Stack, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { AuditTable } from '../parts/audit-table.tsx'
import { PageHead } from '../parts/page-head.tsx'

const empty = { action: '', instanceId: '', userId: '', requestId: '', from: '', to: '' }

/** Who did what, when and from where. */
export function Audit() {
  const [typed, setTyped] = useState(empty)
  const [filters] = useDebouncedValue(typed, 300)
  const field = (key: keyof typeof empty) => ({
    value: typed[key],
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget
      setTyped((before) => ({ ...before, [key]: value }))
    },
  })
  return (
    <Stack>
      <PageHead
        title="Audit"
        about="Every change, by whom, when and from where. Nothing in it can be altered, and no secret stands in it."
      />
      <Group>
        <TextInput label="Action" placeholder="instance.created" {...field('action')} />
        <TextInput label="Instance" inputMode="numeric" {...field('instanceId')} />
        <TextInput label="User" inputMode="numeric" {...field('userId')} />
        <TextInput label="Request id" {...field('requestId')} />
        <TextInput label="From" type="datetime-local" {...field('from')} />
        <TextInput label="To" type="datetime-local" {...field('to')} />
      </Group>
      <AuditTable filters={filters} empty="Nothing passes these filters." />
    </Stack>
  )
}
