import {
  Alert,
  Badge,
  Button,
  Code,
  Group,
  PasswordInput,
  Stack,
  Switch,
  TextInput,
} from '@mantine/core'
import { useForm } from '@mantine/form'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api, dataOf } from '../api/client.ts'
import type { components } from '../api/schema.d.ts'
import { callerQuery, useIsAdmin } from '../api/session.ts'
import { accountsQuery, usersQuery } from '../api/users.ts'
import { DataTable } from '../parts/data-table.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { FormModal } from '../parts/form-modal.tsx'
import { PageHead } from '../parts/page-head.tsx'

type User = components['schemas']['User']

/** Who may sign in and call; admins see all of the organization. */
export function Users() {
  const { data, error } = useQuery(usersQuery)
  const caller = useQuery(callerQuery)
  const isAdmin = useIsAdmin()
  const [edited, setEdited] = useState<User | 'new'>()
  const [secret, setSecret] = useState<string>()
  const queries = useQueryClient()
  const refresh = () => queries.invalidateQueries({ queryKey: usersQuery.queryKey })
  return (
    <Stack>
      <PageHead
        title="Users"
        about="People who sign in here, and programs that call with a user's secret. Each has instances of its own."
      >
        {isAdmin && <Button onClick={() => setEdited('new')}>Add a user</Button>}
      </PageHead>
      {secret && (
        <Alert
          color="teal"
          title="The secret of the new user"
          withCloseButton
          closeButtonLabel="Hide the secret"
          onClose={() => setSecret(undefined)}
        >
          It is the User part of the Authorization header, for programs. It is shown this once:{' '}
          <Code>{secret}</Code>
        </Alert>
      )}
      <DataTable
        label="Users"
        rows={data}
        error={error}
        empty="There is nobody."
        columns={[
          { name: 'Name', render: ({ fullName }) => fullName },
          { name: 'E-mail address', render: ({ email }) => email },
          {
            name: 'Roles',
            render: ({ roles, active }) => (
              <Group gap={4}>
                {roles.map(({ key, name }) => (
                  <Badge key={key} variant="default" tt="none">
                    {name}
                  </Badge>
                ))}
                {!active && (
                  <Badge color="gray" tt="none">
                    not let in
                  </Badge>
                )}
              </Group>
            ),
          },
          {
            name: 'Actions',
            render: (user) => (
              <Group gap={4} wrap="nowrap">
                <Button
                  size="compact-sm"
                  variant="subtle"
                  aria-label={`Change ${user.email}`}
                  onClick={() => setEdited(user)}
                >
                  Change
                </Button>
                {isAdmin && user.id !== caller.data?.user.id && (
                  <DeleteButton
                    name={user.email}
                    onDelete={async () => {
                      const path = { idOrEmail: String(user.id) }
                      await api.DELETE('/users/{idOrEmail}', { params: { path } })
                      await refresh()
                    }}
                  >
                    Nobody signs in as this user any more. Instances of the user have to be deleted
                    or given to somebody else first.
                  </DeleteButton>
                )}
              </Group>
            ),
          },
        ]}
      />
      {edited && (
        <UserForm
          user={edited === 'new' ? undefined : edited}
          isSelf={edited !== 'new' && edited.id === caller.data?.user.id}
          onClose={() => setEdited(undefined)}
          onSaved={async (made) => {
            setSecret(made?.secret)
            await refresh()
          }}
        />
      )}
    </Stack>
  )
}

function UserForm({
  user,
  isSelf,
  onClose,
  onSaved,
}: {
  user: User | undefined
  isSelf: boolean
  onClose(): void
  onSaved(made: User | undefined): Promise<unknown>
}) {
  const isAdmin = useIsAdmin()
  const accounts = useQuery(accountsQuery)
  const wasAdmin = user?.roles.some(({ key }) => key === 'org-admin') ?? false
  const form = useForm({
    initialValues: {
      email: user?.email ?? '',
      firstName: user?.firstName ?? '',
      lastName: user?.lastName ?? '',
      password: '',
      oldPassword: '',
      admin: wasAdmin,
      active: user?.active ?? true,
    },
  })
  const save = async () => {
    const { email, firstName, lastName, password, oldPassword, admin, active } = form.getValues()
    const texts = { email, firstName, lastName, ...(password && { password }) }
    const header = oldPassword ? { 'elements-user-password': inHeader(oldPassword) } : {}
    if (!user) {
      const account = accounts.data?.find((one) => one.defaultAccount) ?? accounts.data?.[0]
      if (!account) throw new Error('No account is known that the user could belong to.')
      const roles = admin ? ['org-admin'] : []
      const params = { path: { id: account.id }, header }
      const body = { ...texts, roles }
      return onSaved(await dataOf(api.POST('/accounts/{id}/users', { params, body })))
    }
    const path = { idOrEmail: String(user.id) }
    const body = {
      ...texts,
      ...(isSelf && oldPassword && { oldPassword }),
      ...(isAdmin && !isSelf && active !== user.active && { active }),
    }
    await api.PATCH('/users/{idOrEmail}', { params: { path, header }, body })
    if (admin !== wasAdmin) {
      const role = { params: { path: { ...path, role: 'org-admin' } } }
      const given = { params: { ...role.params, header } }
      if (admin) await api.PUT('/users/{idOrEmail}/roles/{role}', given)
      else await api.DELETE('/users/{idOrEmail}/roles/{role}', role)
    }
    return onSaved(undefined)
  }
  return (
    <FormModal
      opened
      title={user ? `Change ${user.email}` : 'Add a user'}
      verb={user ? 'Save' : 'Add'}
      onClose={onClose}
      onSubmit={save}
    >
      <TextInput
        label="E-mail address"
        type="email"
        required
        data-autofocus
        {...form.getInputProps('email')}
      />
      <Group grow>
        <TextInput label="First name" {...form.getInputProps('firstName')} />
        <TextInput label="Last name" {...form.getInputProps('lastName')} />
      </Group>
      <PasswordInput
        label="Your password"
        description={
          isSelf
            ? 'Needed to set a new one, and for another address'
            : 'Where you have been signed in for more than five minutes: for who may get in, and as whom'
        }
        autoComplete="current-password"
        {...form.getInputProps('oldPassword')}
      />
      <PasswordInput
        label={user ? 'New password' : 'Password'}
        description="At least 8 characters; empty leaves it as it is. A new one signs the user out everywhere."
        autoComplete="new-password"
        {...form.getInputProps('password')}
      />
      {isAdmin && (
        <Switch
          label="Admin: installs elements, sees and governs everything of the organization"
          {...form.getInputProps('admin', { type: 'checkbox' })}
        />
      )}
      {isAdmin && user && !isSelf && (
        <Switch label="Is let in" {...form.getInputProps('active', { type: 'checkbox' })} />
      )}
    </FormModal>
  )
}

/** The bytes of its UTF-8, since a header has no other characters than those of a byte. */
function inHeader(password: string): string {
  return String.fromCharCode(...new TextEncoder().encode(password))
}
