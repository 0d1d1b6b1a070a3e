import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

// Loaded into the service before it starts: tells what it holds, and how long its event loop stood
// still since it was asked last.
export type ProbeOrder = 'memory' | 'stall'

export interface Held {
  /** Bytes. */
  rss: number
  heap: number
}

/** The longest between two ticks of a timer. */
export interface Stall {
  ms: number
  /** In which the event loop's thread was at work, rather than others on the same processor. */
  cpuMs: number
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')
let longest: Stall = { ms: 0, cpuMs: 0 }
let tickedAt = performance.now()
let cpuAt = process.threadCpuUsage()

setInterval(() => {
  const now = performance.now()
  const cpu = process.threadCpuUsage()
  const ms = now - tickedAt
  const cpuMs = (cpu.user + cpu.system - cpuAt.user - cpuAt.system) / 1000
  longest = { ms: Math.max(ms, longest.ms), cpuMs: Math.max(cpuMs, longest.cpuMs) }
  tickedAt = now
  cpuAt = cpu
}, 1).unref()

process.on('message', (order: ProbeOrder) => {
  if (order === 'memory') {
    collect()
    collect()
    const { rss, heapUsed } = process.memoryUsage()
    process.send!({ rss, heap: heapUsed } satisfies Held)
  } else {
    process.send!(longest)
    longest = { ms: 0, cpuMs: 0 }
  }
})
process.once('disconnect', () => process.exit())
