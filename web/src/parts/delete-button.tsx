import { Button, Group, List, Modal, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation } from '@tanstack/react-query'
import { problemOf } from '../api/problem.ts'
import { Failure } from './failure.tsx'

/** Deletes after a second thought; where that is refused, with what uses the thing. */
export function DeleteButton({
  name,
  verb = 'Delete',
  label = verb,
  children,
  onDelete,
}: {
  name: string
  verb?: string
  /** What the button reads; left out: the verb. */
  label?: string
  /** What is lost with it. */
  children: string
  onDelete(): Promise<unknown>
}) {
  const [opened, { open, close }] = useDisclosure()
  const { mutate, error, isPending, reset } = useMutation({
    mutationFn: onDelete,
    onSuccess: close,
  })
  const references = error ? (problemOf(error).references ?? []) : []
  return (
    <>
      <Button
        size="compact-sm"
        variant="subtle"
        color="red"
        aria-label={`${verb} ${name}`}
        onClick={() => {
          reset()
          open()
        }}
      >
        {label}
      </Button>
      <Modal opened={opened} onClose={close} title={`${verb} ${name}?`}>
        <Stack>
          <Text size="sm">{children}</Text>
          {error && <Failure error={error} />}
          {references.length > 0 && (
            <List size="sm" aria-label="Used by">
              {references.map(({ id, name: user }) => (
                <List.Item key={`${id} ${user}`}>
                  {user}
                  {id !== undefined && ` (instance ${id})`}
                </List.Item>
              ))}
            </List>
          )}
          <Group justify="end">
            <Button variant="default" onClick={close}>
              Keep it
            </Button>
            <Button color="red" loading={isPending} onClick={() => mutate()}>
              {verb}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  )
}
