import { Alert, Button, Group, Text } from '@mantine/core'
import { problemOf } from '../api/problem.ts'
import { RefusalNotice } from '../wizard/refusal.tsx'

/** A refusal of a change; where somebody else was faster, with the way to see what they did. */
export function ChangeRefused({
  error,
  strangers,
  onReload,
}: {
  error: unknown
  strangers: string[]
  onReload(): void
}) {
  if (problemOf(error).status !== 412) return <RefusalNotice error={error} strangers={strangers} />
  return (
    <Alert color="yellow" title="It was changed meanwhile" role="alert">
      <Text size="sm">
        Somebody, or something, changed this instance after you opened it. Nothing of yours was
        stored. Load it as it is now, then make your change again.
      </Text>
      <Group mt="sm">
        <Button size="compact-sm" variant="default" onClick={onReload}>
          Load it as it is now
        </Button>
      </Group>
    </Alert>
  )
}
