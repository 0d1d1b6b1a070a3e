const entry = (key: string, more: object = {}) => ({
  key,
  name: key,
  type: 'text',
  required: true,
  ...more,
})

const element = (id: number, key: string, more: object = {}) => ({
  format: 1,
  id,
  key,
  name: key,
  hub: 'general',
  description: 'Stands for an element of its kind.',
  configDescription: 'Made up for the tests.',
  image: `elements/${key}.png`,
  entries: [
    entry('server', { type: 'url' }),
    entry('user'),
    entry('secret', { type: 'password', secret: true }),
  ],
  baseUrl: '{server}',
  authentications: [{ type: 'basic', name: 'Basic', username: '{user}', password: '{secret}' }],
  ...more,
})

export const definitions = [
  element(9711, 'plain'),
  element(9712, 'repeating', { gateway: { idempotencyHeader: 'Idempotency-Key' } }),
]
