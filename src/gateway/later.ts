import type { Context } from '../context.ts'
import type { GatewayRequest } from './call.ts'
import type { Callable } from './callable.ts'
import type { CallOptions } from './options.ts'

/** A call that is kept, and sent when the limits of its instance let it through. */
export interface KeptCall {
  id: number
}

/** Keeps a call; what does so stands above the gateway. */
export type Keep = (
  context: Context,
  callable: Callable,
  request: GatewayRequest,
  options: CallOptions,
) => Promise<KeptCall>

/** Whether a client prefers not to wait for the answer (RFC 7240, section 4.1). */
export function prefersLater(prefer: string | string[] | undefined): boolean {
  if (prefer === undefined) return false
  return String(prefer)
    .split(',')
    .some((preference) => /^\s*respond-async\s*(?:[;=]|$)/i.test(preference))
}
