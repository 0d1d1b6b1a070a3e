import { codebases } from './accounts.ts'

export const namespace = 'http://connectwise.com'

/** The SOAP services that are served, by the name of their `.asmx` file, and the operations of each. */
export const services = {
  SystemApi: ['GetIntegratorLoginInfo'],
  ReportingApi: ['GetReports'],
} as const

export type Service = keyof typeof services
export type Operation = (typeof services)[Service][number]

// IIS ignores the case of paths.
const servicesByPath = new Map<string, Service>(
  codebases.flatMap((codebase) =>
    (Object.keys(services) as Service[]).map(
      (service) => [`/${codebase}/apis/2.0/${service}.asmx`.toLowerCase(), service] as const,
    ),
  ),
)

export const findService = (path: string) => servicesByPath.get(path.toLowerCase())

/** The rights that an integrator login's description lists. */
export const accessFlags = [
  'ActivityApiAccessFlag',
  'CompanyApiAccessFlag',
  'ContactApiAccessFlag',
  'OpportunityApiAccessFlag',
  'ServiceApiAccessFlag',
  'TimeApiAccessFlag',
]

export const findOperation = (service: Service, local: string): Operation | undefined =>
  services[service].find((operation) => operation === local)
