import type { Element } from './element.ts'
import type { Fault } from './faults.ts'

/** What callers say to us, or of the connection with us; to hand it on would give it away. */
const ours =
  /^(?:authorization|connection|content-length|cookie|expect|forwarded|host|keep-alive|te|trailer|transfer-encoding|upgrade|via|x-real-ip|(?:elements|proxy|x-forwarded)-.*)$/i

/** Headers that no vendor may ask for. */
export function findGatewayFaults({ gateway }: Element): Fault[] {
  const { requestHeaders = [], idempotencyHeader } = gateway ?? {}
  const named = requestHeaders.map((name, at) => ({ name, at: `/gateway/requestHeaders/${at}` }))
  if (idempotencyHeader !== undefined) {
    named.push({ name: idempotencyHeader, at: '/gateway/idempotencyHeader' })
  }
  return named
    .filter(({ name }) => ours.test(name))
    .map(({ name, at }) => ({ at, reason: `"${name}" is for the gateway, and goes to no vendor` }))
}
