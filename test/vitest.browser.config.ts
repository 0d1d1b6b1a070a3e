import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.browser.test.ts'],
    globalSetup: ['test/support/postgres.ts', 'test/support/built-console.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // Each has a browser of its own, which takes a core.
    maxWorkers: 2,
    maxConcurrency: 2,
  },
})
