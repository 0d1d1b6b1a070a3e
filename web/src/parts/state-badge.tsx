import { Badge } from '@mantine/core'

const colors: Record<string, string> = {
  verified: 'teal',
  unverified: 'gray',
  draft: 'blue',
  failed: 'red',
  expiring: 'yellow',
  disabled: 'gray',
}

/** The state of an instance; never told by colour alone. */
export function StateBadge({ state }: { state: string }) {
  return (
    <Badge color={colors[state] ?? 'gray'} variant="light" tt="none" miw="max-content">
      {state}
    </Badge>
  )
}
