import { LRUCache } from 'lru-cache'
import { Connector, type ConnectorOptions } from './connector.ts'
import { aborted } from './failure.ts'
import { Origins } from './origins.ts'
import type { ClientCertificate } from './request.ts'
import type { Trust } from './trust.ts'

/** What opens connections and what keeps them, of one identity. */
export interface Connections {
  connector: Connector
  origins: Origins
}

interface IdentitiesOptions extends Omit<ConnectorOptions, 'secureContext' | 'presents'> {
  trust: Trust
  /** Beyond this many the least recently used finish what they have; each holds a megabyte of roots. */
  maxIdentities: number
}

/**
 * The connections of each identity, apart from those of all others: a connection is authenticated
 * when it is opened, so one that was opened with a certificate serves nobody else, and what is sent
 * without one never goes over it. An identity without connections is forgotten.
 */
export class Identities {
  readonly #options: IdentitiesOptions
  readonly #nobody: Connections
  readonly #known: LRUCache<string, Connections>
  #closing = false

  constructor(options: IdentitiesOptions) {
    this.#options = options
    this.#known = new LRUCache({
      max: options.maxIdentities,
      dispose: ({ origins }) => origins.retire(),
    })
    this.#nobody = this.#create(undefined, () => {})
  }

  /** Throws an `aborted` failure once closed. */
  of(client: ClientCertificate | undefined): Connections {
    if (this.#closing) throw aborted()
    if (!client) return this.#nobody
    const key = JSON.stringify([client.identity, client.fingerprint])
    const known = this.#known.get(key)
    if (known) return known
    const made = this.#create(client, () => {
      if (this.#known.peek(key) === made) this.#known.delete(key)
    })
    this.#known.set(key, made)
    return made
  }

  /** Ends every connection and what runs on it. */
  async close(): Promise<void> {
    this.#closing = true
    const all = [this.#nobody, ...this.#known.values()]
    await Promise.all(all.map(({ origins }) => origins.close()))
  }

  #create(client: ClientCertificate | undefined, onEmpty: () => void): Connections {
    const { trust, ...options } = this.#options
    let context: ReturnType<Trust> | undefined
    const connector = new Connector({
      ...options,
      secureContext() {
        context ??= trust(client)
        return context
      },
      presents: client !== undefined,
    })
    return { connector, origins: new Origins(connector, onEmpty) }
  }
}
