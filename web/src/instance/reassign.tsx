import { Alert, Button, Group, Select, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '../api/client.ts'
import { type Instance, of, readOf } from '../api/instances.ts'
import { usersQuery } from '../api/users.ts'
import { Failure } from '../parts/failure.tsx'
import { useDeed } from './use-deed.ts'

/** Gives the instance to another user; admins only. */
export function Reassign({ instance }: { instance: Instance }) {
  const users = useQuery(usersQuery)
  const [user, setUser] = useState<string | null>(null)
  const { mutate, error, isPending, data } = useDeed(instance.id, () =>
    readOf(
      api.PUT('/instances/{id}/owner', {
        params: of(instance.id),
        body: { user: Number(user) },
      }),
    ),
  )
  const others = (users.data ?? []).filter(({ id }) => id !== instance.user.id)
  return (
    <Stack gap="xs">
      <Title order={2} size="h3">
        Give it to another user
      </Title>
      <Text size="sm">
        It belongs to {instance.user.emailAddress}. Its token stays the same, and only the new owner
        may use it from then on.
      </Text>
      {error && <Failure error={error} />}
      {data && (
        <Alert color="teal" role="status">
          It belongs to {data.instance.user.emailAddress} now.
        </Alert>
      )}
      {users.data && others.length === 0 ? (
        <Text size="sm">There is no other user yet: add one on the page Users first.</Text>
      ) : (
        <Group align="end">
          <Select
            label="New owner"
            searchable
            data={others.map(({ id, email }) => ({ value: String(id), label: email }))}
            value={user}
            onChange={setUser}
            w="20rem"
          />
          <Button
            variant="default"
            disabled={user === null}
            loading={isPending}
            onClick={() => mutate(undefined, { onSuccess: () => setUser(null) })}
          >
            Give it
          </Button>
        </Group>
      )}
    </Stack>
  )
}
