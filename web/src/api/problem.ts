import type { components } from './schema.d.ts'

export type Problem = components['schemas']['Problem']

/** A refusal of the API, or the failure to reach it. */
export class ApiError extends Error {
  readonly problem: Partial<Problem> & { message: string }

  constructor(problem: Partial<Problem> & { message: string }) {
    super(problem.message)
    this.problem = problem
  }
}

/** What can be shown of anything that was thrown. */
export function problemOf(error: unknown): Partial<Problem> & { message: string } {
  if (error instanceof ApiError) return error.problem
  return {
    title: 'The service cannot be reached',
    message: 'No answer came. Check the connection and try again.',
  }
}
