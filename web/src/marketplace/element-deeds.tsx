import { Button, Group, Stack } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import type { Element } from '../api/elements.ts'
import { useIsAdmin } from '../api/session.ts'
import { DeleteButton } from '../parts/delete-button.tsx'
import { Failure } from '../parts/failure.tsx'

/** Connecting for everybody; installing and removing for admins. */
export function ElementDeeds({ element: { key, name, installed, own } }: { element: Element }) {
  const isAdmin = useIsAdmin()
  const queries = useQueryClient()
  const params = { path: { keyOrId: key } }
  const refresh = () => queries.invalidateQueries({ queryKey: ['elements'] })
  const { mutate, error, isPending } = useMutation({
    mutationFn: () => api.PUT('/elements/{keyOrId}/installed', { params }),
    onSuccess: refresh,
  })
  return (
    <Stack gap="sm">
      {error && <Failure error={error} />}
      <Group>
        <Button component={Link} to={`/new/${key}`}>
          Connect
        </Button>
        {isAdmin && !own && !installed && (
          <Button variant="default" loading={isPending} onClick={() => mutate()}>
            Install
          </Button>
        )}
        {isAdmin && !own && installed && (
          <DeleteButton
            name={name}
            verb="Remove"
            onDelete={async () => {
              await api.DELETE('/elements/{keyOrId}/installed', { params })
              await refresh()
            }}
          >
            It stays in the marketplace, and can be installed again. No instance may use it.
          </DeleteButton>
        )}
        {isAdmin && own && (
          <Button variant="default" component={Link} to={`/elements/${key}`}>
            Change
          </Button>
        )}
      </Group>
    </Stack>
  )
}
