import { List, Text, Title } from '@mantine/core'
import type { components } from '../api/schema.d.ts'

/** How the vendor's hosts are known to fare by the replica that answered. */
export function Vendors({ vendors }: { vendors: components['schemas']['LiveLimits']['vendors'] }) {
  if (vendors.length === 0) return null
  return (
    <>
      <Title order={2} size="h3">
        The vendor
      </Title>
      <List size="sm">
        {vendors.map(({ host, state, failures, inFlight, retryAfterSeconds }) => (
          <List.Item key={host}>
            {host}: {inFlight} in flight,{' '}
            {state === 'closed'
              ? 'calls are sent'
              : `calls are held back after ${failures} failures`}
            {retryAfterSeconds !== undefined && (
              <Text span size="sm">
                , tried again in {Math.ceil(retryAfterSeconds)} seconds
              </Text>
            )}
          </List.Item>
        ))}
      </List>
    </>
  )
}
