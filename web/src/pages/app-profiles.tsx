import { Button, Group, PasswordInput, Stack, Switch, TextInput } from '@mantine/core'
import { useForm } from '@mantine/form'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { appsQuery, type OAuthApp } from '../api/app-profiles.ts'
import { api } from '../api/client.ts'
import { useIsAdmin } from '../api/session.ts'
import { DataTable } from '../parts/data-table.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { FormModal } from '../parts/form-modal.tsx'
import { PageHead } from '../parts/page-head.tsx'

const mask = '********'

/** Clients at OAuth vendors, so that who connects need not know them. */
export function AppProfiles() {
  const { data, error } = useQuery(appsQuery)
  const [edited, setEdited] = useState<OAuthApp | 'new'>()
  const queries = useQueryClient()
  const refresh = () => queries.invalidateQueries({ queryKey: appsQuery.queryKey })
  return (
    <Stack>
      <PageHead
        title="App profiles"
        about="Your apps at OAuth vendors: client id and secret, kept once for all instances that are connected by a consent."
      >
        <Button onClick={() => setEdited('new')}>Add an app profile</Button>
      </PageHead>
      <DataTable
        label="App profiles"
        rows={data}
        error={error}
        empty="There is no app profile yet. Register an app at the vendor, and add its client id and secret."
        columns={[
          { name: 'Name', render: ({ name }) => name },
          { name: 'Element', render: ({ element }) => element.name ?? 'deleted' },
          { name: 'Client id', render: ({ clientId }) => clientId },
          { name: 'Sent to', render: ({ origins }) => origins.join(', ') },
          { name: 'Instances', render: ({ instances }) => instances },
          { name: 'Shared', render: ({ shared }) => (shared ? 'with everyone' : 'no') },
          {
            name: 'Actions',
            render: (app) => (
              <Group gap={4} wrap="nowrap">
                <Button
                  size="compact-sm"
                  variant="subtle"
                  aria-label={`Change ${app.name}`}
                  onClick={() => setEdited(app)}
                >
                  Change
                </Button>
                <DeleteButton
                  name={app.name}
                  onDelete={async () => {
                    await api.DELETE('/oauth-apps/{id}', { params: { path: { id: app.id } } })
                    await refresh()
                  }}
                >
                  Its secret is gone for good. No instance may use it any more.
                </DeleteButton>
              </Group>
            ),
          },
        ]}
      />
      {edited && (
        <AppForm
          app={edited === 'new' ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onSaved={refresh}
        />
      )}
    </Stack>
  )
}

function AppForm({
  app,
  onClose,
  onSaved,
}: {
  app: OAuthApp | undefined
  onClose(): void
  onSaved(): Promise<unknown>
}) {
  const isAdmin = useIsAdmin()
  const form = useForm({
    initialValues: {
      element: app?.element.key ?? '',
      name: app?.name ?? '',
      clientId: app?.clientId ?? '',
      clientSecret: app?.clientSecret ?? '',
      shared: app?.shared ?? false,
      origins: app?.origins.join(' ') ?? '',
    },
  })
  const save = async () => {
    const { element, origins, clientSecret, ...rest } = form.getValues()
    const stated = origins.split(/[\s,]+/).filter(Boolean)
    const body = {
      ...rest,
      ...(clientSecret && { clientSecret }),
      ...(stated.length > 0 && { origins: stated }),
    }
    if (app) await api.PUT('/oauth-apps/{id}', { params: { path: { id: app.id } }, body })
    else await api.POST('/oauth-apps', { body: { ...body, element: { key: element } } })
    await onSaved()
  }
  return (
    <FormModal
      opened
      title={app ? `Change ${app.name}` : 'Add an app profile'}
      verb={app ? 'Save' : 'Add'}
      onClose={onClose}
      onSubmit={save}
    >
      {!app && (
        <TextInput
          label="Element"
          description="Its key, as the marketplace shows it"
          required
          data-autofocus
          {...form.getInputProps('element')}
        />
      )}
      <TextInput label="Name" required maxLength={255} {...form.getInputProps('name')} />
      <TextInput label="Client id" required {...form.getInputProps('clientId')} />
      <PasswordInput
        label="Client secret"
        description={app ? `${mask} leaves it as it is` : 'Empty where the client has none'}
        autoComplete="off"
        {...form.getInputProps('clientSecret')}
      />
      <TextInput
        label="Where the secret may be sent"
        description="Left empty: where the element has its token endpoint"
        placeholder="https://login.example.com"
        {...form.getInputProps('origins')}
      />
      {isAdmin && (
        <Switch
          label="Every user of the organization may use it"
          {...form.getInputProps('shared', { type: 'checkbox' })}
        />
      )}
    </FormModal>
  )
}
