import { Button, Group, List, Modal, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { type Instance, instanceQuery, of } from '../api/instances.ts'
import { problemOf } from '../api/problem.ts'
import { Failure } from '../parts/failure.tsx'

const word = 'confirm'

/** Deletes an instance after its consequence was read and a word typed. */
export function DeleteInstance({ instance: { id, name } }: { instance: Instance }) {
  const [opened, { open, close }] = useDisclosure()
  const [typed, setTyped] = useState('')
  const navigate = useNavigate()
  const queries = useQueryClient()
  const { mutate, error, isPending, reset } = useMutation({
    mutationFn: () => api.DELETE('/instances/{id}', { params: of(id) }),
    onSuccess: async () => {
      notifications.show({ color: 'teal', message: `${name} is deleted` })
      await navigate({ to: '/instances' })
      queries.removeQueries({ queryKey: instanceQuery(id).queryKey })
      await queries.invalidateQueries({ queryKey: ['instances'] })
    },
  })
  const users = error ? (problemOf(error).references ?? []) : []
  return (
    <Stack gap="xs">
      <Title order={2} size="h3">
        Delete it
      </Title>
      <Text size="sm">
        Its credentials and tokens are erased with it. That cannot be undone, and it is refused
        while something uses it.
      </Text>
      <Group>
        <Button
          color="red"
          variant="light"
          onClick={() => {
            reset()
            setTyped('')
            open()
          }}
        >
          Delete {name}
        </Button>
      </Group>
      <Modal opened={opened} onClose={close} title={`Delete ${name}?`}>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            if (typed === word) mutate()
          }}
        >
          <Stack>
            {error && <Failure error={error} />}
            {users.length > 0 && (
              <List size="sm" aria-label="Used by">
                {users.map(({ name: user, description }) => (
                  <List.Item key={user}>
                    {user}
                    {description && `: ${description}`}
                  </List.Item>
                ))}
              </List>
            )}
            <TextInput
              label={`Type ${word} to delete it`}
              autoComplete="off"
              data-autofocus
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <Group justify="end">
              <Button variant="default" onClick={close}>
                Keep it
              </Button>
              <Button type="submit" color="red" disabled={typed !== word} loading={isPending}>
                Delete
              </Button>
            </Group>
          </Stack>
        </form>
      </Modal>
    </Stack>
  )
}
