import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { api } from '../api/client.ts'
import { of, type ReadInstance, readOf } from '../api/instances.ts'
import { RefusalNotice } from '../wizard/refusal.tsx'
import { Facts } from './facts.tsx'
import { HealthHistory } from './health-history.tsx'
import { useDeed } from './use-deed.ts'
import { UsedBy } from './used-by.tsx'

/** How the instance fares, what uses it, and the deeds that need no form. */
export function OverviewTab({ read: { instance } }: { read: ReadInstance }) {
  const { id, disabled, warnings } = instance
  const test = useDeed(id, () => readOf(api.POST('/instances/{id}/verify', { params: of(id) })))
  const turn = useDeed<boolean>(id, async (on) => {
    const params = of(id)
    if (on) return readOf(api.PUT('/instances/{id}/enabled', { params }))
    await api.DELETE('/instances/{id}/enabled', { params })
    return readOf(api.GET('/instances/{id}', { params }))
  })
  const error = test.error ?? turn.error
  const tested = test.data?.instance
  return (
    <Stack>
      {error && <RefusalNotice error={error} strangers={[]} />}
      {tested && !error && (
        <Alert
          color={tested.state === 'verified' ? 'teal' : 'yellow'}
          title={tested.state === 'verified' ? 'The vendor accepts it' : `It is ${tested.state}`}
          role="status"
        >
          {tested.stateReason ?? tested.lastCheck?.message ?? 'It was tried just now.'}
        </Alert>
      )}
      {warnings.map(({ key, message }) => (
        <Alert key={key} color="yellow" title="Look at this">
          {message}
        </Alert>
      ))}
      <Facts instance={instance} />
      <Group>
        <Button
          loading={test.isPending}
          disabled={disabled}
          onClick={() => {
            turn.reset()
            test.mutate()
          }}
        >
          Test now
        </Button>
        <Button
          variant="default"
          loading={turn.isPending}
          onClick={() => {
            test.reset()
            turn.mutate(disabled)
          }}
        >
          {disabled ? 'Enable' : 'Disable'}
        </Button>
        {disabled && (
          <Text size="sm">Calls through it are refused, and it is not tested, until then.</Text>
        )}
      </Group>
      <UsedBy id={id} />
      <HealthHistory id={id} />
    </Stack>
  )
}
