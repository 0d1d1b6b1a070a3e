import { randomBytes } from 'node:crypto'
import { type Answer, call } from '../support/client.ts'
import { startWorld, type World, type WorldOptions } from '../support/world.ts'

export const operatorKey = randomBytes(32).toString('hex')

/** A world that has an operator's API. */
export function startOperatedWorld(options: WorldOptions = {}): Promise<World> {
  return startWorld({ ...options, env: { LATCHKEY_OPERATOR_KEY: operatorKey } })
}

/** A request of the operator's, below `/operator/organizations`. */
export function operate(
  world: Pick<World, 'url' | 'authorization'>,
  method: Parameters<typeof call>[1],
  path = '',
  body?: unknown,
): Promise<Answer> {
  const authorization = `Operator ${operatorKey}`
  return call(world, method, `/operator/organizations${path}`, { authorization, body })
}
