import { QueryClient } from '@tanstack/react-query'
import { ApiError } from './problem.ts'

/** What was read of the API; a refusal is final, a failed connection is tried again. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (failures, error) => !(error instanceof ApiError) && failures < 2,
    },
  },
})
