import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/*.{long,browser}.test.ts', 'test/sdk/**'],
    globalSetup: ['test/support/postgres.ts'],
    // To load the modules anew for every file would take as long as the tests. What counts objects of
    // the whole process is therefore a long test.
    isolate: false,
    // Much of the time goes into waiting for processes and PostgreSQL.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
})
