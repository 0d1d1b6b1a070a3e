import type pg from 'pg'

export type Queries = Pick<pg.Client, 'query'>

/** Sends statements one after the other, since a connection takes one at a time. */
export function inTurn(client: pg.Client): Queries {
  let last: Promise<unknown> = Promise.resolve()
  const query = (statement: pg.QueryConfig) => {
    const result = last.then(() => client.query(statement))
    last = result.catch(() => {})
    return result
  }
  return { query: query as pg.Client['query'] }
}
