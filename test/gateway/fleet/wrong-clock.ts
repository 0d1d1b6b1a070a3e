import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const preload = join(import.meta.dirname, '../../limits/harness/skewed-clock.ts')

/**
 * Variables for a process whose wall clock is wrong by so many seconds: by libfaketime where it is
 * installed, which fakes it for the whole process, or else for what JavaScript reads.
 */
export function wrongClock(seconds: number): Record<string, string> {
  if (seconds === 0) return {}
  const sign = seconds < 0 ? '-' : '+'
  const offset = `${sign}${Math.abs(seconds)}s`
  const { status, stdout } = spawnSync('faketime', ['-f', offset, 'env'], { encoding: 'utf8' })
  const library = status === 0 ? /^LD_PRELOAD=(.*)$/m.exec(stdout)?.[1] : undefined
  return library
    ? { LD_PRELOAD: library, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1' }
    : { NODE_OPTIONS: `--import=${preload}`, CLOCK_SKEW_SECONDS: String(seconds) }
}
