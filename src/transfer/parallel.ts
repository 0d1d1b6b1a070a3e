/**
 * Works on items as they come, on so many at once at most, and yields results in the order in which
 * they are there: an item is taken only when there is a place for it, and none any more once `stop`
 * says so, or nobody asks for results. What was begun is always finished.
 * @throws what the source threw, after all results
 */
export async function* inParallel<Item, Result>(
  items: AsyncIterable<Item>,
  limit: number,
  work: (item: Item) => Promise<Result>,
  stop: AbortSignal,
): AsyncGenerator<Result> {
  const source = items[Symbol.asyncIterator]()
  const running = new Set<Promise<Settled<Result>>>()
  let arrival: Promise<Settled<Result>> | undefined
  let end: { failure?: unknown } | undefined
  const stopped = new Promise<Settled<Result>>((resolve) => {
    const halt = () => resolve(() => undefined)
    if (stop.aborted) halt()
    else stop.addEventListener('abort', halt, { once: true })
  })
  const start = (item: Item) => {
    const task: Promise<Settled<Result>> = work(item).then((result) => () => {
      running.delete(task)
      return { result }
    })
    running.add(task)
  }
  const arrive = (next: IteratorResult<Item>): undefined => {
    arrival = undefined
    if (next.done) end = {}
    else start(next.value)
  }
  const fail = (failure: unknown): undefined => {
    arrival = undefined
    end = { failure }
  }
  try {
    while (true) {
      if (stop.aborted) end ??= {}
      if (!end && !arrival && running.size < limit) {
        arrival = source.next().then(
          (next) => () => arrive(next),
          (failure) => () => fail(failure),
        )
      }
      if (end && running.size === 0) break
      const coming = end || !arrival ? [] : [arrival, stopped]
      const settled = (await Promise.race([...running, ...coming]))()
      if (settled) yield settled.result
    }
    if (end?.failure !== undefined) throw end.failure
  } finally {
    await Promise.allSettled(running)
    // Not waited for: what is still to come may never come.
    source.return?.().catch(() => {})
  }
}

/** What has come of a promise, to be looked at once it has won the race. */
type Settled<Result> = () => { result: Result } | undefined
