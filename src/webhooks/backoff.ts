const [seconds, minutes, hours] = [1, 60, 3600]

/** How long to wait after each try that failed: about three days in all. */
const schedule = [
  5 * seconds,
  5 * minutes,
  30 * minutes,
  2 * hours,
  5 * hours,
  10 * hours,
  14 * hours,
  20 * hours,
  24 * hours,
]

/** What waited longer, because nothing at all was sent, is not tried for another three days. */
const longestWait = 96 * hours
/** A receiver may ask us to wait, up to so many seconds. */
const longestRequested = 24 * hours
/** So many failures in a row, whatever they were about, are the receiver's. */
export const failuresToPause = 3
const firstPause = 5 * seconds
const longestPause = 5 * minutes

/**
 * Seconds until the next try, a fifth more or less so that not all come at once; undefined after the
 * last one.
 * @param tries how many have failed
 * @param age seconds since the first could have been
 * @param requested what the receiver asks for, in seconds
 */
export function delayAfter(tries: number, age: number, requested = 0): number | undefined {
  const delay = schedule[tries - 1]
  if (delay === undefined || age > longestWait) return undefined
  return Math.max(jittered(delay), Math.min(requested, longestRequested))
}

/** For how many seconds nothing at all is sent, after so many failures in a row. */
export function pauseAfter(failures: number): number | undefined {
  if (failures < failuresToPause) return undefined
  const exponent = Math.min(failures - failuresToPause, 20)
  return jittered(Math.min(firstPause * 2 ** exponent, longestPause))
}

function jittered(delay: number): number {
  return delay * (0.8 + Math.random() * 0.4)
}
