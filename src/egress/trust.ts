import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'

/**
 * Whom TLS trusts: the system's store (the list that comes with Node where the system has none, as
 * in slim images), `NODE_EXTRA_CA_CERTS` and `ca`. Made at first use, since reading the store
 * takes a moment.
 */
export function createTrust(ca: string | readonly string[] = []): () => SecureContext {
  let context: SecureContext | undefined
  return () => {
    context ??= createSecureContext({
      ca: [...new Set([...systemStore(), ...getCACertificates('extra'), ...[ca].flat()])],
      minVersion: 'TLSv1.2',
    })
    return context
  }
}

function systemStore(): string[] {
  const system = getCACertificates('system')
  return system.length > 0 ? system : getCACertificates('bundled')
}
