import { setTimeout as delay } from 'node:timers/promises'

/** Waits for what will be true; a test's own time limit says how long. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(10)
}
