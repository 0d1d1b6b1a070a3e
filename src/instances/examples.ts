/** The body of `POST /elements/connectwisehd/instances`. */
export const elementInstanceRequest = {
  name: 'Test',
  tags: ['help desk'],
  configuration: {
    'helpdesk.connectwise.username': 'api1',
    'helpdesk.connectwise.password': 'api1',
    'helpdesk.connectwise.server.url': 'http://127.0.0.1:3001',
    'helpdesk.connectwise.company': 'company_f',
  },
}

/** The same for `POST /instances`. */
export const instanceRequest = { element: { key: 'connectwisehd' }, ...elementInstanceRequest }

/** The body of `PATCH /instances/{id}`. */
export const instanceChange = {
  name: 'Acme help desk',
  configuration: { 'helpdesk.connectwise.password': 'api1' },
}

/** What either is answered. */
export const instance = {
  id: 1000,
  name: 'Test',
  createdDate: '2026-11-22T12:27:42.811Z',
  updatedDate: '2026-11-22T12:27:42.811Z',
  token: 'lki_1_…',
  element: {
    id: 117,
    name: 'ConnectWise',
    key: 'connectwisehd',
    description: 'Service tickets, time entries and companies of ConnectWise PSA (Manage).',
    image: 'elements/provider_connectwise.png',
    active: true,
    deleted: false,
    typeOauth: false,
    trialAccount: false,
    configDescription: 'Connect with an integrator login.',
    transformationsEnabled: true,
    authentication: {},
    hub: 'helpdesk',
    parameters: [],
  },
  elementId: 117,
  tags: ['help desk'],
  provisionInteractions: [],
  valid: true,
  disabled: false,
  maxCacheSize: 0,
  cacheTimeToLive: 0,
  configuration: {
    'helpdesk.connectwise.company': 'company_f',
    'helpdesk.connectwise.wsdl.path': '/v2015_3/apis/2.0/',
    'helpdesk.connectwise.server.url': 'http://127.0.0.1:3001',
    'helpdesk.connectwise.username': 'api1',
    'helpdesk.connectwise.password': '********',
    'event.notification.enabled': null,
  },
  eventsEnabled: false,
  cachingEnabled: false,
  traceLoggingEnabled: false,
  externalAuthentication: 'none',
  user: { id: 1, emailAddress: 'admin@localhost', firstName: '', lastName: '' },
  settings: { timeZone: 'Europe/Paris', rateLimits: [{ amount: 10, unit: 'second' }] },
  authentication: { type: 'soap' },
  state: 'verified',
  stateSince: '2026-11-22T12:27:42.811Z',
  stateReason: null,
  verifiedAt: '2026-11-22T12:27:42.811Z',
  lastCheck: null,
  externalId: null,
  warnings: [],
}

/** What `GET /ping` answers. */
export const pong = { dateTime: '2026-11-22T12:27:42.811Z', endpoint: 'connectwisehd' }
