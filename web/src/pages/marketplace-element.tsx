import { Anchor, Group, List, Loader, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { elementQuery } from '../api/elements.ts'
import { useIsAdmin } from '../api/session.ts'
import { ElementBadges } from '../marketplace/element-badges.tsx'
import { ElementDeeds } from '../marketplace/element-deeds.tsx'
import { EntriesTable } from '../marketplace/entries-table.tsx'
import { UpdateNotice } from '../marketplace/update-notice.tsx'
import { versionWords } from '../marketplace/version-words.ts'
import { ElementImage } from '../parts/element-image.tsx'
import { Failure } from '../parts/failure.tsx'
import { useTitle } from '../parts/use-title.ts'

const route = getRouteApi('/signed-in/marketplace/$key')

/** What an element is, what it asks for, and how it authenticates. */
export function MarketplaceElement() {
  const { key } = route.useParams()
  const { data: element, error } = useQuery(elementQuery(key))
  const isAdmin = useIsAdmin()
  useTitle(element?.name ?? 'Marketplace')
  if (error) return <Failure error={error} />
  if (!element) return <Loader aria-label="Loading the element" />
  const { name, description, configDescription, documentation, version } = element
  return (
    <Stack maw="60rem">
      <Group wrap="nowrap" align="start">
        <ElementImage element={element.key} size={44} />
        <div>
          <Title order={1}>{name}</Title>
          <ElementBadges element={element} />
        </div>
      </Group>
      <Text>{description}</Text>
      {configDescription && <Text size="sm">{configDescription}</Text>}
      <Text size="sm">
        Key {element.key}; {versionWords(version)}
        {documentation && (
          <>
            {'; '}
            <Anchor href={documentation} target="_blank" rel="noreferrer" size="sm">
              the vendor's documentation
            </Anchor>
          </>
        )}
      </Text>
      <ElementDeeds element={element} />
      {element.updateAvailable && isAdmin && <UpdateNotice element={element} />}
      <Title order={2}>How it authenticates</Title>
      <List size="sm">
        {element.authenticationTypes.map((one) => (
          <List.Item key={one.key}>
            {one.name}
            {one.default && element.authenticationTypes.length > 1 && ' (usual)'}
            {one.consent && ', by a consent at the vendor'}
            {one.help && `: ${one.help}`}
          </List.Item>
        ))}
      </List>
      <Title order={2}>What it asks for</Title>
      <EntriesTable entries={element.configuration} />
    </Stack>
  )
}
