import { Container, Text, Title } from '@mantine/core'
import { useEffect } from 'react'
import { useTitle } from '../parts/use-title.ts'
import { tellConsent } from '../wizard/consent.ts'

/** Where a vendor sends the browser back; it hands on what it was told, and closes. */
export function Consent() {
  useTitle('Consent')
  useEffect(() => {
    tellConsent(location.search)
    history.replaceState(null, '', location.pathname)
    window.close()
  }, [])
  return (
    <Container size="xs" py="xl" component="main">
      <Title order={1}>Thank you</Title>
      <Text mt="md">Go back to the window that you came from; this one may be closed.</Text>
    </Container>
  )
}
