import { Group, Image, Stack, Text, UnstyledButton } from '@mantine/core'

/** One of several things to go on with. */
export function Choice({
  name,
  about,
  image,
  onChoose,
}: {
  name: string
  about: string | null
  image?: string
  onChoose(): void
}) {
  return (
    <UnstyledButton
      onClick={onChoose}
      p="sm"
      bd="1px solid var(--mantine-color-default-border)"
      style={{ borderRadius: 'var(--mantine-radius-md)' }}
    >
      <Group wrap="nowrap">
        {image && <Image src={image} alt="" w={40} h={40} radius="sm" />}
        <Stack gap={2}>
          <Text fw={600}>{name}</Text>
          {about && (
            <Text size="sm" c="dimmed">
              {about}
            </Text>
          )}
        </Stack>
      </Group>
    </UnstyledButton>
  )
}
