/** What a client application makes of an answer; every member comes from a generated type. */
export type Outcome =
  | { id: number; token: string; state: string; again: string | undefined }
  | { code: string; message: string; requestId: string; vendorStatus: number | undefined }

export interface Caller {
  url: string
  authorization: string
  sandboxUrl: string
}
