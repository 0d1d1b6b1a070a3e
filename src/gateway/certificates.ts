import type { CertificateSource } from '../authentication/send.ts'
import type { StoredConnection } from '../instances/connection.ts'

/** The same connection, whose certificate is opened once for each origin. */
export function rememberCertificates(connection: StoredConnection): StoredConnection {
  const { credentials } = connection
  const { certificateFor } = credentials
  if (!certificateFor) return connection
  return {
    ...connection,
    credentials: { ...credentials, certificateFor: remember(certificateFor) },
  }
}

/** A definition leads to few origins; what could not be opened is tried again. */
function remember(source: CertificateSource): CertificateSource {
  const opened = new Map<string, ReturnType<CertificateSource>>()
  return (origin) => {
    const known = opened.get(origin)
    if (known) return known
    const opening = source(origin)
    opened.set(origin, opening)
    opening.catch(() => opened.delete(origin))
    return opening
  }
}
