import { PassThrough } from 'node:stream'
import type { RunListener } from './run.ts'
import type { VerificationLine } from './run-schema.ts'

/** The progress of a run as JSON lines, for whoever reads them; nobody has to. */
export function createProgress(): {
  stream: PassThrough
  listener: RunListener
  start(run: { id: number; count: number }): void
} {
  const stream = new PassThrough()
  const verdicts: Record<string, number> = {}
  let run: number | undefined
  const waiting: (() => void)[] = []
  const write = (line: VerificationLine) => {
    if (!stream.destroyed) stream.write(`${JSON.stringify(line)}\n`)
  }
  // What is done before the first line has gone out comes after it.
  const inOrder = (tell: () => void) => (run === undefined ? waiting.push(tell) : tell())
  // The run goes on without a reader.
  stream.on('error', () => undefined)
  return {
    stream,
    start({ id, count }) {
      run = id
      write({ type: 'started', run: id, count })
      for (const tell of waiting) tell()
    },
    listener: {
      result(result) {
        const what = result.verdict ?? result.code!
        verdicts[what] = (verdicts[what] ?? 0) + 1
        inOrder(() => write({ type: 'result', result }))
      },
      end(complete) {
        inOrder(() => {
          if (complete) write({ type: 'finished', run: run!, verdicts })
          if (complete) stream.end()
          else stream.destroy(new Error('the verification was interrupted'))
        })
      },
    },
  }
}
