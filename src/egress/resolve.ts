import { lookup } from 'node:dns/promises'

export interface ResolvedAddress {
  address: string
  family: 4 | 6
}

/** Every address of a host, IPv4 and IPv6. */
export type Resolve = (host: string) => Promise<ResolvedAddress[]>

/**
 * The system's resolver. Look-ups of one host at the same time are one, for each occupies one of
 * the few threads that all of the process shares.
 */
export function createResolve(): Resolve {
  const pending = new Map<string, Promise<ResolvedAddress[]>>()
  return (host) => {
    const known = pending.get(host)
    if (known) return known
    const found = (lookup(host, { all: true }) as Promise<ResolvedAddress[]>).finally(() =>
      pending.delete(host),
    )
    pending.set(host, found)
    return found
  }
}
