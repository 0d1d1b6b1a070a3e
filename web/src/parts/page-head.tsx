import { Group, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTitle } from './use-title.ts'

/** What a page is, what it is for, and what can be begun there. */
export function PageHead({
  title,
  about,
  children,
}: {
  title: string
  about: string
  children?: ReactNode
}) {
  useTitle(title)
  return (
    <Group justify="space-between" align="start">
      <div>
        <Title order={1}>{title}</Title>
        <Text size="sm" maw="44rem">
          {about}
        </Text>
      </div>
      <Group>{children}</Group>
    </Group>
  )
}
