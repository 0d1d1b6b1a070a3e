import { defineConfig } from 'vitest/config'

/** What counts time, memory or stalls of the event loop: others beside it would be in the count. */
const alone = ['test/limits/*.long.test.ts', 'test/**/{stall,hostile,waiting,limits}*.long.test.ts']

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    globalSetup: ['test/support/postgres.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'side by side',
          include: ['test/**/*.long.test.ts'],
          exclude: alone,
          // Nearly all of the time goes into waiting: for leases, backoff, processes.
          maxWorkers: 4,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
