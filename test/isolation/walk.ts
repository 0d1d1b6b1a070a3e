import { type Answer, call } from '../support/client.ts'
import type { World } from '../support/world.ts'
import { bodiesOf, readPathParameter, readQueryParameter } from './knowledge.ts'
import type { Operation } from './operations.ts'
import type { Things } from './things.ts'

export interface Intruder {
  authorization: string
  /** What is the intruder's, to be named beside what is not; left out where there is none. */
  own?: Things
}

/** A request that names at least one thing of somebody else, or nothing of anybody. */
export interface Intrusion {
  operation: Operation
  /** Whether the path names somebody else's thing. */
  named: boolean
  method: Operation['method']
  path: string
  body: unknown
  answer: Answer
}

interface Target {
  path: string
  named: boolean
}

/** Sends what an operation takes, in every way that names the victim's things. */
export async function intrude(
  world: World,
  operation: Operation,
  victim: Things,
  intruder: Intruder,
  definition: object,
): Promise<Intrusion[]> {
  const { method, takes } = operation
  const headers: Record<string, string> = takes ? { 'content-type': takes } : {}
  const bodies = bodiesOf(operation)(world, victim, definition)
  const intrusions: Intrusion[] = []
  for (const { path: filled, named } of targetsOf(operation, victim, intruder.own)) {
    for (const query of queriesOf(operation, victim)) {
      for (const body of bodies) {
        const path = filled + query
        const { authorization } = intruder
        const answer = await call(world, method, path, { body, authorization, headers })
        intrusions.push({ operation, named, method, path, body, answer })
      }
    }
  }
  return intrusions
}

function targetsOf(operation: Operation, victim: Things, own: Things | undefined): Target[] {
  const parameters = operation.pathParameters.map((name) => ({
    name,
    ...readPathParameter(operation, name),
  }))
  let targets: Target[] = [{ path: operation.path, named: false }]
  for (const { name, naming, owned } of parameters) {
    const put = ({ path, named }: Target, whose: Things): Target => ({
      path: path.replace(`{${name}}`, encodeURIComponent(naming(whose))),
      named: named || (owned && whose === victim),
    })
    targets = targets.flatMap((target) =>
      owned && own ? [put(target, victim), put(target, own)] : [put(target, victim)],
    )
  }
  return parameters.some(({ owned }) => owned) ? targets.filter(({ named }) => named) : targets
}

/** What has to be there, that with each of the others alone, and everything. */
function queriesOf(operation: Operation, victim: Things): string[] {
  const { required = [], optional = [] } = Object.groupBy(operation.queryParameters, (one) =>
    one.required ? 'required' : 'optional',
  )
  const write = (parameters: Operation['queryParameters']) =>
    new URLSearchParams(
      parameters.map(({ name }) => [name, String(readQueryParameter(operation, name, victim))]),
    )
  const queries = [
    write(required),
    ...optional.map((one) => write([...required, one])),
    write([...required, ...optional]),
  ]
  return [...new Set(queries.map(String))].map((query) => (query === '' ? '' : `?${query}`))
}
