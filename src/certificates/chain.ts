import { X509Certificate } from 'node:crypto'
import { getCACertificates } from 'node:tls'
import type { ChainState } from './bundle.ts'

/** The certificate, its issuer, the issuer's issuer and so on, as far as they are there. */
export function orderChain(leaf: X509Certificate, others: X509Certificate[]): X509Certificate[] {
  const chain = [leaf]
  const left = new Set(others.filter((other) => other.fingerprint256 !== leaf.fingerprint256))
  for (let last = leaf; !isSelfSigned(last); ) {
    const issuer = [...left].find((other) => isIssuedBy(last, other))
    if (!issuer) break
    left.delete(issuer)
    chain.push(issuer)
    last = issuer
  }
  return chain
}

/** @param known PEM of the roots that need not be in the chain; those that come with Node */
export function chainStateOf(
  chain: X509Certificate[],
  known: readonly string[] = getCACertificates('bundled'),
): ChainState {
  const last = chain.at(-1)!
  if (isSelfSigned(last)) return chain.length === 1 ? 'self-signed' : 'complete'
  const roots = known.map((pem) => new X509Certificate(pem))
  return roots.some((root) => isIssuedBy(last, root)) ? 'complete' : 'incomplete'
}

/** Also where its key may sign nothing else. */
function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && isSignedBy(certificate, certificate)
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && isSignedBy(certificate, issuer)
}

function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey)
  } catch {
    // Its public key is of a kind that nobody here can use, and so vouches for nothing.
    return false
  }
}
