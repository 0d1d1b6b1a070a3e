import { createAuthority } from '../../support/authority.ts'

const authority = createAuthority()
const issue = (name: string) => {
  const { cert, key } = authority.issue({ names: [name], clientAuth: true })
  return cert + key
}

/** The name on the certificate that vendors know. */
export const knownName = 'acme.example'
export const knownCertificate = issue(knownName)
export const strangeCertificate = issue('stranger.example')
