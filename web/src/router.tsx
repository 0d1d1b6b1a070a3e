import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router'
import { getSession } from './session/session.ts'
import { NotFound } from './shell/not-found.tsx'
import { Shell } from './shell/shell.tsx'

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound })

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search): { next?: string } =>
    typeof search.next === 'string' && search.next.startsWith('/') ? { next: search.next } : {},
  component: lazyRouteComponent(() => import('./pages/sign-in.tsx'), 'SignIn'),
})

const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  component: Shell,
  beforeLoad: ({ location }) => {
    if (!getSession()) throw redirect({ to: '/sign-in', search: { next: location.href } })
  },
})

const home = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/instances' })
  },
})

const instances = createRoute({
  getParentRoute: () => signedIn,
  path: '/instances',
  component: lazyRouteComponent(() => import('./pages/instances.tsx'), 'Instances'),
})

const instance = createRoute({
  getParentRoute: () => signedIn,
  path: '/instances/$id',
  validateSearch: (search): { tab?: string } =>
    typeof search.tab === 'string' ? { tab: search.tab } : {},
  component: lazyRouteComponent(() => import('./pages/instance.tsx'), 'Instance'),
})

const marketplace = createRoute({
  getParentRoute: () => signedIn,
  path: '/marketplace',
  component: lazyRouteComponent(() => import('./pages/marketplace.tsx'), 'Marketplace'),
})

const marketplaceElement = createRoute({
  getParentRoute: () => signedIn,
  path: '/marketplace/$key',
  component: lazyRouteComponent(
    () => import('./pages/marketplace-element.tsx'),
    'MarketplaceElement',
  ),
})

const newInstance = createRoute({
  getParentRoute: () => signedIn,
  path: '/new/$key',
  component: lazyRouteComponent(() => import('./pages/new-instance.tsx'), 'NewInstance'),
})

const pools = createRoute({
  getParentRoute: () => signedIn,
  path: '/pools',
  component: lazyRouteComponent(() => import('./pages/pools.tsx'), 'Pools'),
})

const rateLimits = createRoute({
  getParentRoute: () => signedIn,
  path: '/rate-limits',
  component: lazyRouteComponent(() => import('./pages/rate-limits.tsx'), 'RateLimits'),
})

const certificates = createRoute({
  getParentRoute: () => signedIn,
  path: '/certificates',
  component: lazyRouteComponent(() => import('./pages/certificates.tsx'), 'Certificates'),
})

const appProfiles = createRoute({
  getParentRoute: () => signedIn,
  path: '/app-profiles',
  component: lazyRouteComponent(() => import('./pages/app-profiles.tsx'), 'AppProfiles'),
})

const elements = createRoute({
  getParentRoute: () => signedIn,
  path: '/elements',
  component: lazyRouteComponent(() => import('./pages/elements.tsx'), 'Elements'),
})

const elementEditor = createRoute({
  getParentRoute: () => signedIn,
  path: '/elements/$key',
  component: lazyRouteComponent(() => import('./pages/element-editor.tsx'), 'ElementEditor'),
})

const users = createRoute({
  getParentRoute: () => signedIn,
  path: '/users',
  component: lazyRouteComponent(() => import('./pages/users.tsx'), 'Users'),
})

const webhooks = createRoute({
  getParentRoute: () => signedIn,
  path: '/webhooks',
  component: lazyRouteComponent(() => import('./pages/webhooks.tsx'), 'Webhooks'),
})

const deliveries = createRoute({
  getParentRoute: () => signedIn,
  path: '/webhooks/$id',
  component: lazyRouteComponent(() => import('./pages/deliveries.tsx'), 'Deliveries'),
})

const audit = createRoute({
  getParentRoute: () => signedIn,
  path: '/audit',
  component: lazyRouteComponent(() => import('./pages/audit.tsx'), 'Audit'),
})

const consent = createRoute({
  getParentRoute: () => root,
  path: '/consent',
  component: lazyRouteComponent(() => import('./pages/consent.tsx'), 'Consent'),
})

const tree = root.addChildren([
  signIn,
  consent,
  signedIn.addChildren([
    home,
    instances,
    instance,
    marketplace,
    marketplaceElement,
    newInstance,
    pools,
    rateLimits,
    certificates,
    appProfiles,
    elements,
    elementEditor,
    users,
    webhooks,
    deliveries,
    audit,
  ]),
])

export const router = createRouter({ routeTree: tree, basepath: '/console', defaultPreload: false })

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
