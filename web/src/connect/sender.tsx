import { Group, Image, Text } from '@mantine/core'
import type { ConnectPage } from './session-api.ts'

/** For whom the page works. */
export function Sender({ session }: { session: ConnectPage }) {
  const { name, logoUrl } = session.appearance
  if (!name && !logoUrl) return null
  return (
    <Group component="header" gap="sm" wrap="nowrap">
      {logoUrl && (
        <Image
          src={logoUrl}
          alt={name ? '' : 'Logo'}
          referrerPolicy="no-referrer"
          w="auto"
          maw="8rem"
          mah="2.5rem"
          fit="contain"
        />
      )}
      {name && (
        <Text size="sm" c="dimmed">
          {name} asks you to connect{session.reconnects && ' again'}
        </Text>
      )}
    </Group>
  )
}
