import { type Address, isPublic, readAddress } from './address.ts'
import { plainHost, readAllowList } from './allow-list.ts'

/** Why a connection is refused, as a sentence for people. */
interface Refused {
  reason: string
}

export interface Destination {
  protocol: string
  hostname: string
  port: number
}

export interface EgressPolicy {
  /** Judges all that can be judged without resolving the name: scheme, user info, port, literals. */
  judgeUrl(url: URL): Refused | undefined
  /**
   * Judges one address of a destination, be it literal or resolved. The address that comes back is
   * the one that was judged, in its plain spelling: connect to that and to nothing else.
   */
  judgeAddress(destination: Destination, address: string): { address: string } | Refused
}

const usualPorts = new Set([443, 8443])
const hint = 'the operator can allow it with LATCHKEY_EGRESS_ALLOW'

/**
 * Only https on ports 443 and 8443, only to public addresses. An entry of the allow-list lifts all
 * three for what it names: a host name wherever it resolves to, an address or a network for every
 * host that resolves into it. An entry without a port allows every port. Throws on an entry that
 * can't be read.
 */
export function createPolicy(allow: readonly string[]): EgressPolicy {
  const allowed = readAllowList(allow)

  function judgeDoor({ protocol, hostname, port }: Destination): Refused | undefined {
    if (protocol !== 'https:') {
      return { reason: `Plain http is not used for ${hostname}. Use https, or ${hint}.` }
    }
    if (!usualPorts.has(port)) {
      return { reason: `Port ${port} of ${hostname} is not open. Use 443 or 8443, or ${hint}.` }
    }
    return undefined
  }

  function judge(destination: Destination, address: Address): Refused | undefined {
    const { hostname, port } = destination
    if (allowed.hasHost(plainHost(hostname), port) || allowed.hasAddress(address, port)) {
      return undefined
    }
    if (isPublic(address)) return judgeDoor(destination)
    // The address of a name stays unsaid: it may be known to our resolver only.
    return readAddress(plainHost(hostname))
      ? { reason: `${hostname} is not a public address. Use a public one, or ${hint}.` }
      : {
          reason: `${hostname} leads to an address that is not public. Use a public host, or ${hint}.`,
        }
  }

  return {
    judgeUrl(url) {
      if (url.protocol !== 'https:' && url.protocol !== 'http:') {
        return { reason: 'Only https addresses are called. Check how the address begins.' }
      }
      if (url.username !== '' || url.password !== '') {
        return {
          reason: `The address of ${url.hostname} contains a user name or password. Enter them as credentials instead.`,
        }
      }
      const destination = destinationOf(url)
      const host = plainHost(url.hostname)
      const literal = readAddress(host)
      if (literal) return judge(destination, literal)
      if (allowed.hasHost(host, destination.port)) return undefined
      // A network that is allowed may hold the address of this name: its addresses will say.
      return allowed.hasAddresses(destination.port) ? undefined : judgeDoor(destination)
    },

    judgeAddress(destination, text) {
      const address = readAddress(text)
      if (!address) return { reason: `The address of ${destination.hostname} can't be read.` }
      return judge(destination, address) ?? { address: address.toString() }
    },
  }
}

/** Where a URL leads, with the port that its scheme implies. */
export function destinationOf({ protocol, hostname, port }: URL): Destination {
  return { protocol, hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) }
}
