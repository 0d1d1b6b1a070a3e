import { Container, Text, Title } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { useTitle } from '../parts/use-title.ts'
import { tellConsent } from '../wizard/consent.ts'
import { resumeWizard } from '../wizard/resumption.ts'

/** So long somebody may take to hear what this window was told. */
const unheardMs = 5_000

/** Where a vendor sends the browser back; it hands on what it was told, and is closed. */
export function Consent() {
  useTitle('Consent')
  const navigate = useNavigate()
  useEffect(() => {
    const told = Object.fromEntries(new URLSearchParams(location.search))
    history.replaceState(null, '', location.pathname)
    // What left in this tab goes on in it.
    const kept = resumeWizard(told)
    if (kept?.instanceId !== undefined) {
      const params = { id: String(kept.instanceId) }
      const search = { tab: 'authentication' }
      navigate({ to: '/instances/$id', params, search, replace: true })
      return
    }
    if (kept) {
      navigate({ to: '/new/$key', params: { key: kept.key }, replace: true })
      return
    }
    tellConsent(told)
    // Who waits for it closes this window. At once, the message might be lost with its sender.
    setTimeout(() => window.close(), unheardMs)
  }, [navigate])
  return (
    <Container size="xs" py="xl" component="main">
      <Title order={1}>Thank you</Title>
      <Text mt="md">Go back to the window that you came from; this one may be closed.</Text>
    </Container>
  )
}
