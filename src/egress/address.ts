import { isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

export type Address = ipaddr.IPv4 | ipaddr.IPv6

/** Ordinary unicast to ipaddr.js, yet answered inside a cloud: Azure's host agent. */
const azureHostAgent = '168.63.129.16'

/**
 * Reads an address in any spelling that some resolver or socket call would take for one: decimal,
 * octal, hexadecimal and short IPv4 forms too. IPv4-mapped IPv6 becomes the IPv4 address it stands
 * for. Anything else, a name for instance, is undefined.
 */
export function readAddress(text: string): Address | undefined {
  // Spelt with a dotted end, ::a.b.c.d would be taken for the mapped form, which it is not.
  const plain =
    text.includes('.') && isIPv6(text) ? new URL(`http://[${text}]`).hostname.slice(1, -1) : text
  return ipaddr.isValid(plain) ? ipaddr.process(plain) : undefined
}

/**
 * Global unicast, and nothing that leads elsewhere: the forms that embed an IPv4 address
 * (compatible, NAT64, 6to4, Teredo) are refused whatever they embed.
 */
export function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false
  if (address.kind() === 'ipv4') return address.toString() !== azureHostAgent
  const { parts, zoneId } = address as ipaddr.IPv6
  return zoneId === undefined && (parts[0]! & 0xe000) === 0x2000
}

/** Whether an address lies in a network; IPv4 and IPv6 never match each other. */
export function isWithin(address: Address, [base, bits]: [Address, number]): boolean {
  if (address.kind() !== base.kind()) return false
  return (address as ipaddr.IPv6).zoneId === undefined && address.match(base, bits)
}
