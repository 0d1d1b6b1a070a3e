import type { Principal } from '../access/store.ts'
import type { Context } from '../context.ts'
import type { ConsentAsked } from '../oauth/consent.ts'
import type { Manner } from './change-given.ts'
import type { InstanceChange } from './change-schema.ts'
import type { StoredConnection } from './connection.ts'

/**
 * Opens a stored instance with tokens that may be used now: renewed where they have ended, or where
 * the vendor refused those of the version `seen`.
 */
export type Access = (
  context: Context,
  key: { organizationId: number; instanceId: number },
  seen?: number,
) => Promise<StoredConnection>

/** Who asks for something to be done to an instance, and how. */
export interface InstanceRequest {
  principal: Principal
  requestId: string
  /** Where the request came from. */
  address: string
  id: number
  /** From the path, where it names the element. */
  keyInPath: string | undefined
  /** The header `If-Match`. */
  ifMatch: string | undefined
  access: Access
}

export interface ChangeRequest extends InstanceRequest {
  manner: Manner
  body: InstanceChange
  /** False: the vendor is asked only about what makes a difference to it. */
  reAuthenticate: boolean
  /** Where our own callback took the redirect of a consent. */
  connect?: ConsentAsked['connect']
}
