import { Anchor, Badge, Group, Loader, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { instanceQuery } from '../api/instances.ts'
import { InstanceTabs } from '../instance/instance-tabs.tsx'
import { ElementImage } from '../parts/element-image.tsx'
import { Failure } from '../parts/failure.tsx'
import { StateBadge } from '../parts/state-badge.tsx'
import { useTitle } from '../parts/use-title.ts'

const route = getRouteApi('/signed-in/instances/$id')

/** All about one instance. */
export function Instance() {
  const { id } = route.useParams()
  const { tab } = route.useSearch()
  const navigate = useNavigate()
  const { data: read, error } = useQuery(instanceQuery(Number(id)))
  useTitle(read?.instance.name ?? 'Instance')
  if (error && !read) return <Failure error={error} />
  if (!read) return <Loader aria-label="Loading the instance" />
  const { name, element, tags, state, disabled } = read.instance
  return (
    <Stack>
      <Group wrap="nowrap" align="start">
        <ElementImage element={element.key} size={44} />
        <div>
          <Title order={1} style={{ overflowWrap: 'anywhere' }}>
            {name}
          </Title>
          <Group gap="xs">
            <Anchor component={Link} to={`/marketplace/${element.key}`} size="sm">
              {element.name}
            </Anchor>
            <StateBadge state={disabled ? 'disabled' : state} />
            {tags
              .filter((tag) => tag !== name)
              .map((tag) => (
                <Badge key={tag} variant="default" tt="none">
                  {tag}
                </Badge>
              ))}
          </Group>
          {error && <Text size="sm">It could not be read again just now.</Text>}
        </div>
      </Group>
      <InstanceTabs
        key={id}
        read={read}
        tab={tab}
        onTab={(value) =>
          navigate({ to: '/instances/$id', params: { id }, search: { tab: value }, replace: true })
        }
      />
    </Stack>
  )
}
