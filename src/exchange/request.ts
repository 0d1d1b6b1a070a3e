/** A request to a vendor on its way to be signed; header names are in lower case. */
export interface VendorRequest {
  method: string
  url: string
  headers: Record<string, string>
  body: string | undefined
}

/** Configuration by entry key, as the text that goes into a request; not given is not there. */
export type Values = ReadonlyMap<string, string>
