import {
  ActionIcon,
  AppShell,
  Burger,
  Button,
  Group,
  NavLink,
  Text,
  useMantineColorScheme,
} from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import {
  IconArrowsSplit,
  IconBuildingStore,
  IconCertificate,
  IconGauge,
  IconHistory,
  IconKey,
  IconLogout,
  IconMoon,
  IconPlugConnected,
  IconPuzzle,
  IconSun,
  IconUsers,
  IconWebhook,
} from '@tabler/icons-react'
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import { api } from '../api/client.ts'
import { queries } from '../api/queries.ts'
import { useIsAdmin } from '../api/session.ts'
import { setSession, useSession } from '../session/session.ts'

const places = [
  { to: '/instances', label: 'Manage connectors', icon: IconPlugConnected },
  { to: '/marketplace', label: 'Marketplace', icon: IconBuildingStore },
  { to: '/certificates', label: 'Certificates', icon: IconCertificate },
  { to: '/app-profiles', label: 'App profiles', icon: IconKey },
  { to: '/pools', label: 'Connection pools', icon: IconArrowsSplit },
  { to: '/rate-limits', label: 'Rate limits', icon: IconGauge },
  { to: '/elements', label: 'Own elements', icon: IconPuzzle },
  { to: '/users', label: 'Users', icon: IconUsers },
  { to: '/webhooks', label: 'Webhooks', icon: IconWebhook, admin: true },
  { to: '/audit', label: 'Audit', icon: IconHistory },
] as const

/** The frame of every page behind the sign-in: where one is, and where else one can go. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure()
  const isAdmin = useIsAdmin()
  const session = useSession()
  const navigate = useNavigate()
  const path = useRouterState({ select: ({ location }) => location.pathname })
  const { colorScheme, toggleColorScheme } = useMantineColorScheme()
  useEffect(() => {
    if (!session) navigate({ to: '/sign-in', search: { next: path } })
  }, [session, navigate, path])
  const signOut = async () => {
    await api.DELETE('/authentication').catch(() => {})
    setSession(undefined)
    queries.clear()
  }
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 240, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group wrap="nowrap">
            <Burger opened={opened} onClick={toggle} hiddenFrom="sm" aria-label="Menu" size="sm" />
            <Text fw={700}>Latchkey</Text>
          </Group>
          <Group wrap="nowrap" gap="xs">
            <ActionIcon
              variant="subtle"
              aria-label={colorScheme === 'dark' ? 'Light colours' : 'Dark colours'}
              onClick={toggleColorScheme}
            >
              {colorScheme === 'dark' ? (
                <IconSun size={18} aria-hidden />
              ) : (
                <IconMoon size={18} aria-hidden />
              )}
            </ActionIcon>
            <Button
              variant="subtle"
              leftSection={<IconLogout size={16} aria-hidden />}
              onClick={signOut}
            >
              Sign out
            </Button>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" component="nav" aria-label="Pages">
        {places
          .filter((place) => !('admin' in place) || isAdmin)
          .map(({ to, label, icon: Icon }) => (
            <NavLink
              key={to}
              component={Link}
              to={to}
              label={label}
              leftSection={<Icon size={18} aria-hidden />}
              active={path.startsWith(to)}
              onClick={close}
            />
          ))}
      </AppShell.Navbar>
      <AppShell.Main>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  )
}
