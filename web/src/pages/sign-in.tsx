import {
  Button,
  Container,
  Paper,
  PasswordInput,
  Stack,
  Tabs,
  TextInput,
  Title,
} from '@mantine/core'
import { useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import { api, dataOf } from '../api/client.ts'
import { Failure } from '../parts/failure.tsx'
import { useTitle } from '../parts/use-title.ts'
import { setSession } from '../session/session.ts'

const route = getRouteApi('/sign-in')

type Given = { username: string; password: string } | { code: string } | { secrets: string }

/** With e-mail address and password, with the two secrets, or by the link of a first start. */
export function SignIn() {
  useTitle('Sign in')
  const { next = '/instances' } = route.useSearch()
  const navigate = useNavigate()
  const { mutate, error, isPending } = useMutation({
    mutationFn: (given: Given) => {
      if ('secrets' in given) {
        return dataOf(
          api.POST('/authentication', { body: {}, headers: { authorization: given.secrets } }),
        )
      }
      return dataOf(api.POST('/authentication', { body: given }))
    },
    onSuccess: (session) => {
      setSession(session)
      navigate({ href: `/console${next}`, replace: true })
    },
  })
  useEffect(() => {
    const code = location.hash.slice(1)
    if (!code.startsWith('lkn_')) return
    history.replaceState(null, '', location.pathname + location.search)
    mutate({ code })
  }, [mutate])
  const byPassword = useForm({ initialValues: { username: '', password: '' } })
  const bySecrets = useForm({ initialValues: { user: '', organization: '' } })
  return (
    <Container size="xs" py="xl" component="main">
      <Title order={1} mb="lg">
        Sign in to Latchkey
      </Title>
      <Stack>
        {error && <Failure error={error} />}
        <Paper withBorder p="lg">
          <Tabs defaultValue="password">
            <Tabs.List mb="md">
              <Tabs.Tab value="password">E-mail and password</Tabs.Tab>
              <Tabs.Tab value="secrets">The two secrets</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="password">
              <form onSubmit={byPassword.onSubmit((values) => mutate(values))}>
                <Stack>
                  <TextInput
                    label="E-mail address"
                    type="email"
                    autoComplete="username"
                    required
                    {...byPassword.getInputProps('username')}
                  />
                  <PasswordInput
                    label="Password"
                    autoComplete="current-password"
                    required
                    {...byPassword.getInputProps('password')}
                  />
                  <Button type="submit" loading={isPending}>
                    Sign in
                  </Button>
                </Stack>
              </form>
            </Tabs.Panel>
            <Tabs.Panel value="secrets">
              <form
                onSubmit={bySecrets.onSubmit(({ user, organization }) =>
                  mutate({
                    secrets: `User ${user.trim()}, Organization ${organization.trim()}`,
                  }),
                )}
              >
                <Stack>
                  <PasswordInput
                    label="User secret"
                    description="Begins with lku_"
                    autoComplete="off"
                    required
                    {...bySecrets.getInputProps('user')}
                  />
                  <PasswordInput
                    label="Organization secret"
                    description="Begins with lko_"
                    autoComplete="off"
                    required
                    {...bySecrets.getInputProps('organization')}
                  />
                  <Button type="submit" loading={isPending}>
                    Sign in
                  </Button>
                </Stack>
              </form>
            </Tabs.Panel>
          </Tabs>
        </Paper>
      </Stack>
    </Container>
  )
}
