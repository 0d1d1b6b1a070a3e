import { Group, Select, TagsInput, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { elementsQuery } from '../api/elements.ts'
import type { ListedInstance } from '../api/instances.ts'
import { useIsAdmin } from '../api/session.ts'
import { usersQuery } from '../api/users.ts'

const states = ['verified', 'unverified', 'draft', 'failed', 'expiring', 'disabled'] as const

export interface InstanceFilters {
  searchText: string
  state: ListedInstance['state'] | null
  element: string | null
  tags: string[]
  user: string | null
}

export const noFilters: InstanceFilters = {
  searchText: '',
  state: null,
  element: null,
  tags: [],
  user: null,
}

/** Which instances are listed; all that is chosen must hold. */
export function Filters({
  filters,
  onChange,
}: {
  filters: InstanceFilters
  onChange(part: Partial<InstanceFilters>): void
}) {
  const elements = useQuery(elementsQuery({ searchText: '', hub: null }))
  return (
    <Group gap="sm">
      <TextInput
        aria-label="Search"
        placeholder="Name or element"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={filters.searchText}
        onChange={(event) => onChange({ searchText: event.currentTarget.value })}
      />
      <Select
        aria-label="Element"
        placeholder="Any element"
        clearable
        searchable
        data={(elements.data ?? [])
          .filter(({ installed, own }) => installed || own)
          .map(({ key, name }) => ({ value: key, label: name }))}
        nothingFoundMessage="None that is installed"
        value={filters.element}
        onChange={(element) => onChange({ element })}
      />
      <Select
        aria-label="State"
        placeholder="Any state"
        clearable
        data={[...states]}
        value={filters.state}
        onChange={(state) => onChange({ state: state as InstanceFilters['state'] })}
      />
      <TagsInput
        aria-label="Tags"
        placeholder={filters.tags.length > 0 ? '' : 'Any tag; Enter adds one'}
        clearable
        maxTags={50}
        miw="14rem"
        value={filters.tags}
        onChange={(tags) => onChange({ tags })}
      />
      <OwnerFilter user={filters.user} onChange={(user) => onChange({ user })} />
    </Group>
  )
}

function OwnerFilter({
  user,
  onChange,
}: {
  user: string | null
  onChange(user: string | null): void
}) {
  const isAdmin = useIsAdmin()
  const users = useQuery({ ...usersQuery, enabled: isAdmin })
  if (!isAdmin || (users.data?.length ?? 0) < 2) return null
  return (
    <Select
      aria-label="Owner"
      placeholder="Yours"
      clearable
      searchable
      data={users.data!.map(({ id, email }) => ({ value: String(id), label: email }))}
      value={user}
      onChange={onChange}
    />
  )
}
