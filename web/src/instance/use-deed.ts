import { useMutation, useQueryClient } from '@tanstack/react-query'
import { instanceQuery, type ReadInstance } from '../api/instances.ts'

/** Something done to an instance: what it answers is shown at once, and lists are read anew. */
export function useDeed<Given = void>(
  id: number,
  deed: (given: Given) => Promise<ReadInstance>,
  onDone?: (read: ReadInstance) => void,
) {
  const queries = useQueryClient()
  return useMutation({
    mutationFn: deed,
    onSuccess: (read) => {
      queries.setQueryData(instanceQuery(id).queryKey, read)
      onDone?.(read)
    },
    // A refusal can change the state as well.
    onSettled: () => queries.invalidateQueries({ queryKey: ['instances'] }),
  })
}
