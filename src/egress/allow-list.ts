import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { type Address, isWithin, readAddress } from './address.ts'

export interface AllowList {
  /** Whether a host is allowed by its name on this port, wherever it resolves to. */
  hasHost(host: string, port: number): boolean
  /** Whether an address is allowed on this port by an entry for it or for its network. */
  hasAddress(address: Address, port: number): boolean
  /** Whether some address could be allowed on this port. */
  hasAddresses(port: number): boolean
}

interface Entry {
  host?: string
  network?: [Address, number]
  port?: number
}

/** The host as it is compared: without brackets, without the dot of a rooted name. */
export function plainHost(hostname: string): string {
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return host.endsWith('.') ? host.slice(0, -1) : host
}

/**
 * Reads `host`, `host:port`, an IP address, `IP:port`, `[IPv6]:port` and CIDR. An entry without a
 * port allows every port. Throws an error that names the entry that can't be read.
 */
export function readAllowList(entries: readonly string[]): AllowList {
  const read = entries.map((entry) => readEntry(entry.trim()))
  const open = (entry: Entry, port: number) => entry.port === undefined || entry.port === port
  const hosts = read.filter((entry) => entry.host !== undefined)
  const networks = read.filter((entry) => entry.network !== undefined)
  return {
    hasHost: (host, port) => hosts.some((entry) => entry.host === host && open(entry, port)),
    hasAddress: (address, port) =>
      networks.some((entry) => open(entry, port) && isWithin(address, entry.network!)),
    hasAddresses: (port) => networks.some((entry) => open(entry, port)),
  }
}

function readEntry(text: string): Entry {
  if (ipaddr.isValidCIDR(text)) return { network: ipaddr.parseCIDR(text) }
  if (isIP(text)) return { network: single(text) }
  const [, bracketed, plain, port] =
    /^(?:\[([^\]]+)\]|([^:/@?#\s]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535)) throw unreadable(text)
  const rest = port === undefined ? {} : { port: Number(port) }
  const address = bracketed ?? plain ?? ''
  if (isIP(address)) return { network: single(address), ...rest }
  if (plain === undefined || !URL.canParse(`http://${plain}`)) throw unreadable(text)
  const host = plainHost(new URL(`http://${plain}`).hostname)
  // An odd spelling of an address, such as 127.1: whoever wrote it should say which one is meant.
  if (host === '' || host.includes('*') || readAddress(host)) throw unreadable(text)
  return { host, ...rest }
}

function single(text: string): [Address, number] {
  const address = readAddress(text)!
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

function unreadable(text: string): Error {
  return new Error(
    `"${text}" can't be read as a host, host:port, IP address or CIDR of the egress allow-list`,
  )
}
