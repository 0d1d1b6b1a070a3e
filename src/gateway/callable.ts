import type { Principal } from '../access/store.ts'
import type { StoredConnection } from '../instances/connection.ts'
import type { Settings } from '../instances/schema.ts'
import type { Limited } from '../limits/limited.ts'

/** An instance, ready for calls through it. */
export interface Opened {
  organizationId: number
  instanceId: number
  connection: StoredConnection
  /** Where its calls start, ending in a slash. */
  base: URL
  /** Its own, and for the rest the element's. */
  settings: Settings
  /** What its calls wait for; undefined where nothing limits them. */
  limited: Limited | undefined
}

/** With who calls through it. */
export interface Callable extends Opened {
  principal: Principal
}
