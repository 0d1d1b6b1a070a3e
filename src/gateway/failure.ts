import type { EgressFailure, FailureKind } from '../egress/failure.ts'
import type { RenderError } from '../exchange/template.ts'
import { type ProblemCode, Refusal } from '../http/errors.ts'

const codes: Record<FailureKind, ProblemCode> = {
  forbidden: 'destination-forbidden',
  unsendable: 'parameters-invalid',
  name: 'vendor-unreachable',
  refused: 'vendor-unreachable',
  unreachable: 'vendor-unreachable',
  proxy: 'vendor-unreachable',
  tls: 'vendor-unreachable',
  reset: 'vendor-unreachable',
  late: 'vendor-late',
  'too-large': 'vendor-unexpected',
  malformed: 'vendor-unexpected',
  redirect: 'vendor-unexpected',
  aborted: 'request-late',
}

/** How a call that got no answer is refused. */
export function refusalFor({ kind, message }: EgressFailure): Refusal {
  return new Refusal(codes[kind], message)
}

/** For a configuration of which no request can be made. */
export function unrenderable({ key, message }: RenderError): Refusal {
  return new Refusal(
    'configuration-invalid',
    `The entry ${key} of the instance ${message}. Change it with PATCH /instances/{id}.`,
  )
}

/** For a head that cannot be handed on. */
export function brokenAnswer(hostname: string): Refusal {
  return new Refusal(
    'vendor-unexpected',
    `${hostname} answers with headers that are not proper HTTP. Ask the vendor.`,
  )
}
