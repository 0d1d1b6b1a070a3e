import { Anchor, Button, Card, Group, Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Element } from '../api/elements.ts'
import { ElementImage } from '../parts/element-image.tsx'
import { ElementBadges } from './element-badges.tsx'

/** An element among the others of the marketplace. */
export function ElementCard({ element }: { element: Element }) {
  const { key, name, description } = element
  return (
    <Card withBorder>
      <Stack justify="space-between" h="100%" gap="sm">
        <div>
          <Group wrap="nowrap" mb="xs">
            <ElementImage element={key} size={36} />
            <div>
              <Title order={2} size="h4">
                <Anchor component={Link} to={`/marketplace/${key}`} underline="hover" inherit>
                  {name}
                </Anchor>
              </Title>
              <ElementBadges element={element} />
            </div>
          </Group>
          <Text size="sm" lineClamp={3}>
            {description}
          </Text>
        </div>
        <Group>
          <Button
            component={Link}
            to={`/new/${key}`}
            variant="light"
            aria-label={`Connect ${name}`}
          >
            Connect
          </Button>
        </Group>
      </Stack>
    </Card>
  )
}
