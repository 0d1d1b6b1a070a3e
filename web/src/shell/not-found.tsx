import { Anchor, Container, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useTitle } from '../parts/use-title.ts'

export function NotFound() {
  useTitle('No such page')
  return (
    <Container size="sm" py="xl">
      <Title order={1}>There is no such page</Title>
      <Text mt="md">
        Perhaps what it was about has been deleted.{' '}
        <Anchor component={Link} to="/instances">
          Go to your instances
        </Anchor>
      </Text>
    </Container>
  )
}
