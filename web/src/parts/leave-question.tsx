import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { getSession } from '../session/session.ts'

/** Asks before a page is left on which something was typed that is stored nowhere. */
export function LeaveQuestion({ isTyped }: { isTyped(): boolean }) {
  // Who was signed out can't go on here anyway.
  const isAsked = () => getSession() !== undefined && isTyped()
  const { status, proceed, reset } = useBlocker({
    shouldBlockFn: isAsked,
    enableBeforeUnload: isAsked,
    withResolver: true,
  })
  return (
    <Modal opened={status === 'blocked'} onClose={() => reset?.()} title="Leave what you typed?">
      <Stack>
        <Text size="sm">It has not been stored, and is gone once you leave.</Text>
        <Group justify="end">
          <Button variant="default" onClick={() => reset?.()} data-autofocus>
            Stay here
          </Button>
          <Button color="red" onClick={() => proceed?.()}>
            Leave
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
