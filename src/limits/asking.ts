import type { Deadlines } from './deadlines.ts'
import type { LimitBudget } from './limited.ts'
import type { Answer, BudgetTerms, Question } from './take-store.ts'
import type { Turn } from './turn.ts'

export type Asked = Pick<Question, 'budget' | 'pools' | 'runs'>

/** What queues need of the limiter. */
export interface Asking {
  readonly deadlines: Deadlines
  isLeased(turn: Turn): boolean
  granted(turn: Turn): void
  over(turn: Turn): void
  /** Permits did not live long enough. */
  tooLate(): void
  /** How long a permit lives from before it was asked for. */
  lifeMs(budget: LimitBudget | undefined): number
  /** What of such a life the margins do not hold. */
  patienceMs(lifeMs: number): number
  terms(budget: LimitBudget): BudgetTerms
  ask(asked: Asked): Promise<{ answer: Answer; askedAt: number; replica: number }>
}
