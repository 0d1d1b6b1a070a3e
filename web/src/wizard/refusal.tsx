import { Alert, Button, Collapse, List, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useEffect, useRef } from 'react'
import { problemOf } from '../api/problem.ts'
import { ExchangeView } from '../parts/exchange.tsx'

/** Why the vendor, or we, said no: in plain words, with what to do, and the details for who asks. */
export function RefusalNotice({ error, strangers }: { error: unknown; strangers: string[] }) {
  const { title, message, providerMessage, probe, requestId } = problemOf(error)
  const [opened, { toggle }] = useDisclosure()
  const notice = useRef<HTMLDivElement>(null)
  useEffect(() => notice.current?.focus(), [error])
  return (
    <Alert ref={notice} tabIndex={-1} color="red" title={title ?? 'That did not work'} role="alert">
      <Stack gap="xs">
        <Text size="sm">{message}</Text>
        {providerMessage && <Text size="sm">The vendor says: {providerMessage}</Text>}
        {strangers.length > 0 && (
          <List size="sm">
            {strangers.map((fault) => (
              <List.Item key={fault}>{fault}</List.Item>
            ))}
          </List>
        )}
        {probe && (
          <div>
            <Button size="compact-sm" variant="default" onClick={toggle} aria-expanded={opened}>
              View details
            </Button>
            <Collapse expanded={opened}>
              <ExchangeView exchange={probe} />
            </Collapse>
          </div>
        )}
        {requestId && (
          <Text size="xs" c="dimmed">
            Request id {requestId}
          </Text>
        )}
      </Stack>
    </Alert>
  )
}
