import { Type } from 'typebox'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { about } from '../http/schema.ts'

/** What every type of authentication may say of itself in a definition. */
export const common = {
  key: Type.Optional(
    about(
      'Chooses among several of one type; left out: the type.',
      Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_-]{0,49}$' }),
    ),
  ),
  name: about('For people.', Type.String({ minLength: 1, maxLength: 100 })),
  help: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
  default: Type.Optional(
    about('The one that is meant where a request names none of several.', Type.Literal(true)),
  ),
  baseUrl: Type.Optional(
    about(
      "Where requests with it go, in the place of the element's base URL.",
      Type.String({ minLength: 1, maxLength: 1000 }),
    ),
  ),
  certificate: Type.Optional(
    about('The entry whose certificate is presented in TLS.', Type.String()),
  ),
}

export const strict = { additionalProperties: false }
export const Template = Type.String({ minLength: 1, maxLength: 8192 })
export const Templates = Type.Record(Type.String(), Template, {
  minProperties: 1,
  maxProperties: 50,
})

/** A vendor's answer as far as authentication is concerned; names of headers are in lower case. */
export interface AuthenticationAnswer {
  status: number
  headers: Record<string, string | string[]>
  /** Of a challenge that was kept: how often it has been answered; left out: never. */
  used?: number
}

/** How one type of authentication works; a module each, all with these functions. */
export interface AuthenticationType<Authentication> {
  /** Placeholders that the type itself fills in; one that ends in a dot is how they begin. */
  own?: readonly string[]
  /**
   * Whether a request with these headers, or any where none are named, can be signed only when all
   * of its body is there; otherwise it may stream.
   */
  seesBody(authentication: Authentication, headers?: Record<string, string>): boolean
  /**
   * The request with credentials where this type wants them.
   * @throws {RenderError} for a value that cannot stand there
   */
  sign(
    request: VendorRequest,
    authentication: Authentication,
    values: Values,
  ): VendorRequest | Promise<VendorRequest>
  /**
   * The same, fit to be shown: secrets among the values are stars. Left out where to sign with stars
   * shows it.
   */
  mask?(request: VendorRequest, authentication: Authentication, values: Values): VendorRequest
  /**
   * For types that learn from an answer: the same unsigned request, signed anew; undefined where the
   * answer is one for the caller. `sent` is what was answered, as this type signed it.
   */
  signAgain?(
    request: VendorRequest,
    authentication: Authentication,
    values: Values,
    answer: AuthenticationAnswer,
    sent: VendorRequest,
  ): VendorRequest | Promise<VendorRequest> | undefined
}
