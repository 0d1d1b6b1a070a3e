import { Refusal } from '../http/errors.ts'
import type { StoredRecord } from './connection-store.ts'

/** @throws {Refusal} `instance-disabled`, `instance-draft` where nothing may be called through it */
export function requireCallable({ id, disabled, state }: StoredRecord) {
  if (disabled) {
    throw new Refusal(
      'instance-disabled',
      `The instance ${id} is disabled, so that nothing can be called through it. Enable it with PUT /instances/${id}/enabled.`,
    )
  }
  if (state !== 'draft') return
  throw new Refusal(
    'instance-draft',
    `The instance ${id} is a draft, which no vendor has seen. Verify it with POST /instances/${id}/verify.`,
  )
}
