import { Alert, Text } from '@mantine/core'
import { problemOf } from '../api/problem.ts'

/** Why something did not come about, what to do next, and by which id to ask about it. */
export function Failure({ error }: { error: unknown }) {
  const { title, message, requestId, providerMessage } = problemOf(error)
  return (
    <Alert color="red" title={title ?? 'That did not work'} role="alert">
      <Text size="sm">{message}</Text>
      {providerMessage && (
        <Text size="sm" mt="xs">
          The vendor says: {providerMessage}
        </Text>
      )}
      {requestId && (
        <Text size="xs" c="dimmed" mt="xs">
          Request id {requestId}
        </Text>
      )}
    </Alert>
  )
}
