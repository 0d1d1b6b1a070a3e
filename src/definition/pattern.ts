import { RE2JS } from 're2js'

/** Instructions, about: what is larger takes seconds and megabytes for one value. */
const maxSize = 400

/** A pattern in RE2's syntax; undefined for what is none, or would take too long. */
export function compilePattern(pattern: string): RE2JS | undefined {
  if (sizeOf(pattern) > maxSize) return undefined
  try {
    return RE2JS.compile(pattern)
  } catch {
    return undefined
  }
}

const part = /\\[pPx]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d+(?:,\d*)?\}|./gs

/** What it is compiled to grows by as much as repetitions repeat: they are the groups' multiples. */
function sizeOf(pattern: string): number {
  const groups = [{ size: 0, last: 0 }]
  for (const [token] of pattern.matchAll(part)) {
    const group = groups.at(-1)!
    const [, least, most] = /^\{(\d+)(?:,(\d*))?\}$/.exec(token) ?? []
    if (least !== undefined) {
      const times = Math.max(Number(least), Number(most ?? 0), 1)
      group.size += group.last * (times - 1)
      group.last *= times
    } else if (token === '(') {
      groups.push({ size: 0, last: 0 })
    } else if (token === ')' && groups.length > 1) {
      const { size } = groups.pop()!
      const outer = groups.at(-1)!
      outer.last = size + 1
      outer.size += outer.last
    } else {
      group.last = 1
      group.size += 1
    }
  }
  return groups.reduce((sum, { size }) => sum + size, 0)
}
