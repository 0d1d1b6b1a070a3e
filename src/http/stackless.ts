/**
 * An error that is an answer, not a fault: nobody looks for the line that it comes from. Whoever is
 * refused may ask again at once, and to walk the stack is a tenth of what that costs.
 */
export class Stackless extends Error {
  constructor(message: string) {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message)
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** For what makes errors of its own that nobody sees. */
export function withoutStacks(run: () => void) {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
