import { Badge, Button, Group, Stack } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { api } from '../api/client.ts'
import { elementsQuery } from '../api/elements.ts'
import { useIsAdmin } from '../api/session.ts'
import { DataTable } from '../parts/data-table.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { PageHead } from '../parts/page-head.tsx'

/** The organization's own elements, beside the catalogue. */
export function Elements() {
  const { data, error } = useQuery(elementsQuery({ searchText: '', hub: null }))
  const isAdmin = useIsAdmin()
  const queries = useQueryClient()
  return (
    <Stack>
      <PageHead
        title="Own elements"
        about="What the catalogue does not have: systems of your own, described as data."
      >
        {isAdmin && (
          <Button component={Link} to="/elements/new">
            New element
          </Button>
        )}
      </PageHead>
      <DataTable
        label="Own elements"
        rows={data?.filter(({ own }) => own)}
        error={error}
        empty="There is none yet. Describe a system once, and connect it as any other."
        columns={[
          { name: 'Name', render: ({ name }) => name },
          { name: 'Key', render: ({ key }) => key },
          { name: 'Hub', render: ({ hub }) => hub },
          {
            name: 'State',
            render: ({ active }) => (
              <Badge color={active ? 'teal' : 'gray'} miw="max-content">
                {active ? 'active' : 'not active'}
              </Badge>
            ),
          },
          {
            name: 'Actions',
            render: ({ key, name }) => (
              <Group gap={4} wrap="nowrap">
                <Button
                  size="compact-sm"
                  variant="subtle"
                  component={Link}
                  to={`/new/${key}`}
                  aria-label={`Connect ${name}`}
                >
                  Connect
                </Button>
                {isAdmin && (
                  <>
                    <Button
                      size="compact-sm"
                      variant="subtle"
                      component={Link}
                      to={`/elements/${key}`}
                      aria-label={`Change ${name}`}
                    >
                      Change
                    </Button>
                    <DeleteButton
                      name={name}
                      onDelete={async () => {
                        const path = { keyOrId: key }
                        await api.DELETE('/elements/{keyOrId}', { params: { path } })
                        await queries.invalidateQueries({ queryKey: ['elements'] })
                      }}
                    >
                      No instance may use it any more.
                    </DeleteButton>
                  </>
                )}
              </Group>
            ),
          },
        ]}
      />
    </Stack>
  )
}
