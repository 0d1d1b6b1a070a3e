import { Badge, Group } from '@mantine/core'
import type { Element } from '../api/elements.ts'

/** Where an element belongs, and how it stands with the organization. */
export function ElementBadges({ element }: { element: Element }) {
  const { hub, installed, own, active, updateAvailable } = element
  return (
    <Group gap={4}>
      <Badge variant="default" tt="none">
        {hub}
      </Badge>
      {installed && !own && (
        <Badge variant="light" tt="none">
          installed
        </Badge>
      )}
      {own && (
        <Badge variant="light" color="grape" tt="none">
          own
        </Badge>
      )}
      {!active && (
        <Badge variant="light" color="gray" tt="none">
          not active
        </Badge>
      )}
      {updateAvailable && (
        <Badge variant="light" color="yellow" tt="none">
          update available
        </Badge>
      )}
    </Group>
  )
}
