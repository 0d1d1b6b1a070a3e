import { Button, Group, Modal, Stack } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Failure } from './failure.tsx'

/** A form in a window of its own; it closes once it was done, and keeps what was typed until then. */
export function FormModal({
  title,
  verb,
  opened,
  onClose,
  onSubmit,
  children,
}: {
  title: string
  verb: string
  opened: boolean
  onClose(): void
  onSubmit(): Promise<unknown>
  children: ReactNode
}) {
  const { mutate, error, isPending } = useMutation({ mutationFn: onSubmit, onSuccess: onClose })
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          mutate()
        }}
      >
        <Stack>
          {error && <Failure error={error} />}
          {children}
          <Group justify="end">
            <Button variant="default" onClick={onClose}>
              Leave it
            </Button>
            <Button type="submit" loading={isPending}>
              {verb}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
