/** A request to a vendor on its way to be signed; header names are in lower case. */
export interface VendorRequest {
  method: string
  url: string
  headers: Record<string, string>
  /** Bytes where it came from somebody else: they need not be text. */
  body: string | Buffer | undefined
}

/** The bytes of a body as characters of Latin-1, one each. */
export function bytesOf(body: string | Buffer): string {
  return typeof body === 'string'
    ? Buffer.from(body, 'utf8').toString('latin1')
    : body.toString('latin1')
}

/** Configuration by entry key, as the text that goes into a request; not given is not there. */
export type Values = ReadonlyMap<string, string>
