import { Group, Loader, Select, SimpleGrid, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconSearch } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { elementsQuery, hubsQuery } from '../api/elements.ts'
import { ElementCard } from '../marketplace/element-card.tsx'
import { Failure } from '../parts/failure.tsx'
import { PageHead } from '../parts/page-head.tsx'

/** *Marketplace*: everything that can be connected, by hub. */
export function Marketplace() {
  const [typed, setTyped] = useState('')
  const [searchText] = useDebouncedValue(typed, 250)
  const [hub, setHub] = useState<string | null>(null)
  const hubs = useQuery(hubsQuery)
  const [installed, setInstalled] = useState(false)
  const { data, error } = useQuery(elementsQuery({ searchText, hub }))
  const elements = installed ? data?.filter((one) => one.installed || one.own) : data
  return (
    <Stack>
      <PageHead
        title="Marketplace"
        about="Everything that can be connected. What you connect is installed with it."
      />
      <Group>
        <TextInput
          aria-label="Search"
          placeholder="What do you want to connect?"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Select
          aria-label="Hub"
          placeholder="Every hub"
          clearable
          data={(hubs.data ?? []).map(({ key, name, elements }) => ({
            value: key,
            label: `${name} (${elements})`,
          }))}
          value={hub}
          onChange={setHub}
        />
        <Switch
          label="Only what is installed"
          checked={installed}
          onChange={(event) => setInstalled(event.currentTarget.checked)}
        />
      </Group>
      {error && <Failure error={error} />}
      {!data && !error && <Loader aria-label="Loading the elements" />}
      {elements?.length === 0 && <Text>No element passes these filters.</Text>}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {elements?.map((element) => (
          <ElementCard key={element.id} element={element} />
        ))}
      </SimpleGrid>
    </Stack>
  )
}
