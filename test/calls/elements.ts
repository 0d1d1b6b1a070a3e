import { element } from '../gateway/scene.ts'

export const definitions = [
  element(9711, 'plain'),
  element(9712, 'repeating', { gateway: { idempotencyHeader: 'Idempotency-Key' } }),
]
