/** What a text in lines may have. */
export interface LineLimits {
  lineBytes: number
  lines: number
  bytes: number
}

/** A line of what comes in, counted from 1; without text where it is longer than it may be. */
export interface Line {
  number: number
  text: string | undefined
}

/** Why the rest is not read; the line is the first of it. */
export class Excess extends Error {
  readonly line: number

  constructor(line: number, message: string) {
    super(message)
    this.line = line
  }
}

const newline = 0x0a

/**
 * Takes bytes apart into lines, as they are asked for; lines of nothing but spaces are counted and
 * left out. Never holds more than a line and the piece that it came in.
 * @throws {Excess} for more lines or bytes than there may be, after all those before
 */
export async function* readLines(
  source: AsyncIterable<Buffer>,
  limits: LineLimits,
): AsyncGenerator<Line> {
  let number = 1
  let total = 0
  let held: Buffer[] = []
  let length = 0
  const take = (piece: Buffer) => {
    length += piece.length
    if (length <= limits.lineBytes) held.push(piece)
    else held = []
  }
  const finish = (): Line => {
    const text = length > limits.lineBytes ? undefined : Buffer.concat(held).toString()
    held = []
    length = 0
    return { number, text }
  }
  for await (const chunk of source) {
    const room = limits.bytes - total
    total += chunk.length
    let rest = chunk.subarray(0, Math.max(0, room))
    for (let end = rest.indexOf(newline); end !== -1; end = rest.indexOf(newline)) {
      take(rest.subarray(0, end))
      rest = rest.subarray(end + 1)
      const line = finish()
      if (line.text?.trim() !== '') yield checked(line, limits)
      number += 1
    }
    if (total > limits.bytes) {
      throw new Excess(number, `At most ${limits.bytes / 2 ** 20} MiB are taken at once.`)
    }
    take(rest)
  }
  const line = finish()
  if (line.text?.trim() !== '') yield checked(line, limits)
}

function checked(line: Line, limits: LineLimits): Line {
  if (line.number <= limits.lines) return line
  throw new Excess(line.number, `At most ${limits.lines} lines are taken at once.`)
}
