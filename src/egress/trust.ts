import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import type { ClientCertificate } from './request.ts'

/** What TLS begins with: whom it trusts and, for a client with a certificate, what it presents. */
export type Trust = (client?: ClientCertificate) => SecureContext

/**
 * Whom TLS trusts: the system's store (the list that comes with Node where the system has none, as
 * in slim images), `NODE_EXTRA_CA_CERTS` and `ca`. Read at first use, since that takes a moment.
 */
export function createTrust(ca: string | readonly string[] = []): Trust {
  let authorities: string[] | undefined
  let nameless: SecureContext | undefined
  return (client) => {
    authorities ??= [...new Set([...systemStore(), ...getCACertificates('extra'), ...[ca].flat()])]
    const shared = { ca: authorities, minVersion: 'TLSv1.2' } as const
    if (client) return createSecureContext({ ...shared, cert: client.certificate, key: client.key })
    nameless ??= createSecureContext(shared)
    return nameless
  }
}

function systemStore(): string[] {
  const system = getCACertificates('system')
  return system.length > 0 ? system : getCACertificates('bundled')
}
