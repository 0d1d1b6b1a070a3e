import { Group, Progress, Text } from '@mantine/core'

/** How much of a limit is used, in numbers and as a bar. */
export function Gauge({
  label,
  used,
  of,
  note,
}: {
  label: string
  used: number
  of: number
  note?: string | undefined
}) {
  return (
    <div>
      <Group justify="space-between">
        <Text size="sm">{label}</Text>
        <Text size="sm">
          {used} used, {Math.max(0, of - used)} free{note && `; ${note}`}
        </Text>
      </Group>
      <Progress
        value={of === 0 ? 100 : Math.min(100, (used / of) * 100)}
        color={used >= of ? 'red' : 'brand'}
        aria-label={`${label}: ${used} used`}
      />
    </div>
  )
}
