import { readdir, readFile } from 'node:fs/promises'

// The unit of /proc/<pid>/stat on every Linux that Node runs on.
const msPerTick = 10

interface ProcessTimes {
  parent: number
  /** CPU that it used itself, all threads together. */
  own: number
  /** CPU of its children that have ended. */
  ended: number
}

/** Milliseconds of CPU that a process has used so far; undefined where there is no /proc. */
export async function cpuOf(pid: number): Promise<number | undefined> {
  return (await timesOf(pid))?.own
}

/** The same of a process with all its children, those that have ended included. */
export async function cpuOfFamily(pid: number): Promise<number | undefined> {
  const times = await timesOf(pid)
  if (!times) return undefined
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const others = await Promise.all(pids.map((other) => timesOf(Number(other))))
  const children = others.filter((other) => other?.parent === pid)
  return children.reduce((sum, child) => sum + child!.own, times.own + times.ended)
}

async function timesOf(pid: number): Promise<ProcessTimes | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The program's name stands between parentheses and may hold anything; see proc_pid_stat(5).
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  if (!fields) return undefined
  const ms = (at: number) => Number(fields[at]) * msPerTick
  return { parent: Number(fields[1]), own: ms(11) + ms(12), ended: ms(13) + ms(14) }
}

/** The value that so many hundredths of all lie at or below. */
export function percentile(values: readonly number[], hundredths: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil((sorted.length * hundredths) / 100) - 1)] ?? Number.NaN
}

export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const middle = (sorted.length - 1) / 2
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
}

/** Lines whose columns are aligned: the first to the left, numbers to the right. */
export function alignColumns(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)))
  const lines = rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]! + 2)))
      .join(''),
  )
  return lines.join('\n')
}
