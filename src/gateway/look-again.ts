/** So long whoever was allowed to call is taken to be so still. */
const goodForMs = 1_000

/**
 * Looks again, right before a call is sent, whether it may be: it may have waited for an hour since
 * somebody looked first, which is when this is made. Nothing to await where that was a moment ago.
 * @param look throws where it may not any more
 */
export function lookAgain(look: () => unknown): () => Promise<void> | undefined {
  let lookedAt = performance.now()
  return () => {
    const now = performance.now()
    if (now - lookedAt < goodForMs) return undefined
    lookedAt = now
    const looking = look()
    return looking instanceof Promise ? looking.then(() => {}) : undefined
  }
}
