import type { LimitBudget } from './limited.ts'
import { type Left, renderRateLimit } from './rate-limit-headers.ts'
import type { Answer } from './take-store.ts'

/** What the last answer said to be left of a budget. */
export class WindowsLeft {
  windows: Left[] = []
  #at = 0

  note({ windowPeriods, remaining, resets }: Answer, now: number) {
    this.windows = windowPeriods.map((period, at) => ({
      periodMs: period / 1000,
      remaining: remaining[at]!,
      resetMs: resets[at]! / 1000,
    }))
    this.#at = now
  }

  headers({ windows }: LimitBudget): Record<string, string> {
    const passed = performance.now() - this.#at
    const left = this.windows.map((one) => ({ ...one, resetMs: one.resetMs - passed }))
    return renderRateLimit(windows, left)
  }
}
