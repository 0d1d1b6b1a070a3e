import { problems, type Refusal } from '../http/errors.ts'
import { renderProblem } from '../http/problem.ts'

/** The line that tells of an instance, which is given as JSON. */
export function tellInstance(line: number, instance: string): string {
  return `{"line":${line},"status":200,"instance":${instance}}\n`
}

/** The line that tells of one that came from another installation. */
export function tellImported(line: number, imported: object): string {
  return `${JSON.stringify({ line, status: 200, ...imported })}\n`
}

/** The line that tells of a refusal. */
export function tellRefusal(line: number, refusal: Refusal, requestId: string): string {
  const { status } = problems[refusal.code]
  return `{"line":${line},"status":${status},"error":${renderProblem(refusal, requestId)}}\n`
}
