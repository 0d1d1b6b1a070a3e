import { Loader, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useState } from 'react'
import { api, dataOf } from '../api/client.ts'
import { of } from '../api/instances.ts'
import { Failure } from '../parts/failure.tsx'
import { CallLog } from './call-log.tsx'
import { Gauge } from './gauge.tsx'
import { LaterCalls } from './later-calls.tsx'
import { Vendors } from './vendors.tsx'

const QueueChart = lazy(async () => ({
  default: (await import('./queue-chart.tsx')).QueueChart,
}))
const everyMs = 2000
const points = 60

/** How full the limits of the instance are, as it goes on. */
export function CallsTab({ id, isLogged }: { id: number; isLogged: boolean }) {
  const { data, error, dataUpdatedAt } = useQuery({
    queryKey: ['limits', id],
    queryFn: ({ signal }) => dataOf(api.GET('/instances/{id}/limits', { signal, params: of(id) })),
    refetchInterval: everyMs,
    staleTime: 0,
  })
  const [past, setPast] = useState<{ at: number; waiting: number }[]>([])
  useEffect(() => {
    if (!data) return
    const pools = data.connectionPools.reduce((sum, { waiting }) => sum + waiting, 0)
    const waiting = (data.rateLimit?.waiting ?? 0) + pools
    setPast((before) => [...before, { at: dataUpdatedAt, waiting }].slice(-points))
  }, [data, dataUpdatedAt])
  if (error) return <Failure error={error} />
  if (!data) return <Loader aria-label="Loading the limits" />
  const { rateLimit, connectionPools, vendors } = data
  return (
    <Stack maw="48rem">
      <Text size="sm">As it is now; it is read again every two seconds.</Text>
      <Title order={2} size="h3">
        Rate limit
      </Title>
      {!rateLimit && <Text size="sm">None: calls are sent at once.</Text>}
      {rateLimit?.windows.map(({ amount, periodSeconds, used, resetSeconds }) => (
        <Gauge
          key={periodSeconds}
          label={`${amount} in ${spoken(periodSeconds)}`}
          used={used}
          of={amount}
          note={used > 0 ? `all free again in ${spoken(resetSeconds)}` : undefined}
        />
      ))}
      {rateLimit && rateLimit.pausedSeconds > 0 && (
        <Text size="sm">
          The vendor asked for a pause: calls go on in {spoken(rateLimit.pausedSeconds)}.
        </Text>
      )}
      <Title order={2} size="h3">
        Connection pool
      </Title>
      {connectionPools.length === 0 && (
        <Text size="sm">None: any number of calls is in flight at once.</Text>
      )}
      {connectionPools.map(({ connectionPoolId, limit, inUse, holders, otherHolders }) => (
        <Gauge
          key={connectionPoolId ?? 'own'}
          label={`${limit} at once`}
          used={inUse}
          of={limit}
          note={heldBy(holders, otherHolders) || undefined}
        />
      ))}
      {(rateLimit || connectionPools.length > 0) && (
        <>
          <Title order={2} size="h3">
            Calls that wait
          </Title>
          <Text size="sm" aria-live="polite">
            {past.at(-1)?.waiting ?? 0} now
          </Text>
          <Suspense fallback={<Loader aria-label="Loading the chart" />}>
            <QueueChart past={past} />
          </Suspense>
        </>
      )}
      <Vendors vendors={vendors} />
      <LaterCalls id={id} />
      <CallLog id={id} isOn={isLogged} />
    </Stack>
  )
}

function spoken(seconds: number): string {
  if (seconds >= 86_400 && seconds % 86_400 === 0) return count(seconds / 86_400, 'day')
  if (seconds >= 3600 && seconds % 3600 === 0) return count(seconds / 3600, 'hour')
  if (seconds >= 60 && seconds % 60 === 0) return count(seconds / 60, 'minute')
  return count(Math.max(1, Math.round(seconds)), 'second')
}

function count(amount: number, unit: string): string {
  return `${amount} ${unit}${amount === 1 ? '' : 's'}`
}

function heldBy(
  holders: { name: string; calls: number }[],
  others: { instances: number; calls: number },
): string {
  const named = holders.map(({ name, calls }) => `${name} (${calls})`)
  if (others.instances > 0) named.push(`${count(others.instances, 'instance')} of other users`)
  return named.length > 0 ? `held by ${named.join(', ')}` : ''
}
