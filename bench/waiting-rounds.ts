import { setTimeout as delay } from 'node:timers/promises'
import type { CallersReport } from './waiting-callers.ts'
import type { Held, Stall } from './waiting-probe.ts'
import type { Beside, WaitingStage } from './waiting-stage.ts'

export interface WaitingFigures {
  /** What each waiting call costs, in bytes. */
  each: Held
  stalls: Record<'idle' | 'arriving' | 'waiting' | 'released' | 'expiring', Stall>
  released: CallersReport
  expired: CallersReport
  /** One more than may wait. */
  beyond: Beside
}

const longestWait = 3_000
/** For the calls to arrive, before they expire together. */
const expirySeconds = 30

/** So many calls wait for their turn, start together, wait once more, and expire together. */
export async function waitAndSee(
  stage: WaitingStage,
  calls: number,
  signal: AbortSignal,
): Promise<WaitingFigures> {
  const full = async () => {
    while ((await stage.waiting()) < calls) await delay(100, undefined, { signal })
  }
  // What is made once is made, and memory that the service takes for many connections is taken.
  await stage.allow(1_000_000, 'second')
  for (let round = 0; round < 3; round += 1) {
    await stage.call({ calls: 500, waitSeconds: 60, together: false })
  }
  await stage.stall()
  await delay(2_000, undefined, { signal })
  const idle = await stage.stall()
  const before = await stage.memory()

  await stage.allow(1, 'hour')
  await stage.stall()
  const released = stage.call({ calls, waitSeconds: longestWait, together: false })
  await full()
  const arriving = await stage.stall()
  await delay(5_000, undefined, { signal })
  const waiting = await stage.stall()
  const after = await stage.memory()
  const beyond = await stage.callBeside(5)
  await stage.stall()
  await stage.allow(1_000_000, 'second')
  const told = await released
  const releasing = await stage.stall()

  await stage.allow(1, 'hour')
  const expired = stage.call({ calls, waitSeconds: expirySeconds, together: true })
  await full()
  await stage.stall()
  const toldExpired = await expired
  return {
    each: { rss: (after.rss - before.rss) / calls, heap: (after.heap - before.heap) / calls },
    stalls: { idle, arriving, waiting, released: releasing, expiring: await stage.stall() },
    released: told,
    expired: toldExpired,
    beyond,
  }
}
