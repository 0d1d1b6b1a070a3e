/** What a process holds after all that can go is gone. */
export interface Held {
  rss: number
  heapUsed: number
  /** Outside of the heap, such as buffers. */
  external: number
  /** What keeps it alive, by kind. */
  resources: Record<string, number>
}

// Loaded into the service before anything else. A channel that is listened to would keep it alive.
process.on('message', () => {
  globalThis.gc!()
  setTimeout(() => {
    globalThis.gc!()
    const { rss, heapUsed, external } = process.memoryUsage()
    const resources: Record<string, number> = {}
    for (const kind of process.getActiveResourcesInfo()) {
      resources[kind] = (resources[kind] ?? 0) + 1
    }
    process.send!({ rss, heapUsed, external, resources } satisfies Held)
  }, 200)
})
process.channel?.unref()
