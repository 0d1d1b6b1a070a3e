import { createHash, timingSafeEqual } from 'node:crypto'
import type { Config } from '../config.ts'
import { Refusal } from '../http/errors.ts'
import type { Server } from '../http/server.ts'

/** Everything in this scope is for the operator; without a key of the operator's it is not there. */
export function requireOperator(app: Server, { operatorKey }: Pick<Config, 'operatorKey'>) {
  const known = operatorKey && digest(operatorKey)
  app.addHook('onRequest', async ({ headers }, reply) => {
    reply.header('cache-control', 'no-store')
    if (!known) {
      throw new Refusal(
        'route-not-found',
        "There is no operator's API here: the service was started without LATCHKEY_OPERATOR_KEY.",
      )
    }
    const [, key] = /^\s*Operator\s+(\S+)\s*$/i.exec(headers.authorization ?? '') ?? []
    if (key === undefined) {
      throw new Refusal(
        'access-missing',
        'The header has to read "Authorization: Operator <key>", the key being LATCHKEY_OPERATOR_KEY.',
      )
    }
    if (!timingSafeEqual(digest(key), known)) {
      throw new Refusal(
        'operator-unknown',
        'The key is not the one of the operator. Check that it was copied whole.',
      )
    }
  })
}

/** Of one length, whatever is sent. */
function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
