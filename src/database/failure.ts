const systemOutages = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOENT', 'ETIMEDOUT']
const brokenConnection = /connection terminated|timeout exceeded when trying to connect/i

/** Whether PostgreSQL, rather than our statement, is the matter (by its appendix A, "Error Codes"). */
export function isOutage(error: unknown): boolean {
  const { code, message } = wordsOf(error)
  return (
    systemOutages.includes(code) ||
    /^(08|53|57|58)\w{3}$|^55000$/.test(code) ||
    brokenConnection.test(message)
  )
}

/**
 * Whether a write that failed like this may have been stored all the same: the connection broke
 * after the statement had gone out, before the answer came.
 */
export function mayBeStored(error: unknown): boolean {
  const { code, message } = wordsOf(error)
  return (
    ['ECONNRESET', 'EPIPE', 'ETIMEDOUT'].includes(code) ||
    /^(08|57P)\w{2,3}$/.test(code) ||
    /connection terminated|query read timeout/i.test(message)
  )
}

/** Whether a row could not be deleted because others refer to it. */
export function isReferenced(error: unknown): boolean {
  return wordsOf(error).code === '23503'
}

/** Whether a row could not be written because another has the same key. */
export function isTaken(error: unknown): boolean {
  return wordsOf(error).code === '23505'
}

function wordsOf(error: unknown): { code: string; message: string } {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return { code: String(code ?? ''), message: String(message ?? '') }
}
