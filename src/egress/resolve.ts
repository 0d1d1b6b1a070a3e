import { Resolver } from 'node:dns/promises'
import { codeOf } from './failure.ts'
import { parseHosts, parseSearch, readWhenChanged } from './resolver-files.ts'

export interface ResolvedAddress {
  address: string
  family: 4 | 6
}

/**
 * Every address of a host, IPv4 and IPv6. Rejects with an error whose `code` is a word of the
 * resolver, and when the signal aborts with its reason.
 */
export type Resolve = (host: string, signal: AbortSignal) => Promise<ResolvedAddress[]>

export interface ResolveOptions {
  /** `address:port` of name servers; those of the system. */
  servers?: string[]
  hostsFile?: string
  /** Read here for the search list only. */
  resolvFile?: string
}

/** A second, then two, for a name server that keeps silent. */
const patience = { timeout: 1_000, tries: 2 }

/** After these the system's resolver, too, goes on with its search list. */
const passing = new Set(['ENOTFOUND', 'ENODATA', 'ESERVFAIL'])

/**
 * Asks /etc/hosts, then the name servers of /etc/resolv.conf, with its search list: for a name
 * without a dot before the name as it is, for others after it. Other sources that nsswitch.conf may
 * name are not asked, since they answer to getaddrinfo alone: that holds one of the few threads of
 * the process for as long as a name server keeps silent, and nobody can call it off.
 */
export function createResolve(options: ResolveOptions = {}): Resolve {
  const { servers, hostsFile = '/etc/hosts', resolvFile = '/etc/resolv.conf' } = options
  const readHosts = readWhenChanged(hostsFile, parseHosts)
  const readSearch = readWhenChanged(resolvFile, parseSearch)

  return async (host, signal) => {
    const listed = (await readHosts()).get(host.toLowerCase())
    if (listed) return listed
    const found = (await readSearch()).map((domain) => `${host}.${domain}`)
    const names = host.includes('.') ? [host, ...found] : [...found, host]
    signal.throwIfAborted()
    // Of its own, so that it can be called off alone, and follows resolv.conf when that changes.
    const resolver = new Resolver(patience)
    if (servers) resolver.setServers(servers)
    const stop = () => resolver.cancel()
    signal.addEventListener('abort', stop, { once: true })
    try {
      return await askInTurn(resolver, names)
    } catch (error) {
      signal.throwIfAborted()
      throw error
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
}

/** The addresses of the first of the names that has some, or else why the first has none. */
async function askInTurn(resolver: Resolver, names: string[]): Promise<ResolvedAddress[]> {
  let failure: unknown
  for (const name of names) {
    try {
      return await ask(resolver, name)
    } catch (error) {
      if (!passing.has(codeOf(error) ?? '')) throw error
      failure ??= error
    }
  }
  throw failure
}

/** What fails for one family only is left out: nothing is connected to but what was judged. */
async function ask(resolver: Resolver, name: string): Promise<ResolvedAddress[]> {
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
  const found = answers.flatMap((answer, at) =>
    answer.status === 'fulfilled'
      ? answer.value.map((address) => ({ address, family: at === 0 ? 4 : 6 }) as const)
      : [],
  )
  if (found.length > 0) return found
  const reasons = answers.map((answer) => (answer as PromiseRejectedResult).reason)
  // That one family is missing says nothing about a name whose other family was not found out.
  throw reasons.find((reason) => codeOf(reason) !== 'ENODATA') ?? reasons[0]
}
