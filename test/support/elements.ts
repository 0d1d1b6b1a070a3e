const identity = (id: number, key: string) => ({
  format: 1,
  id,
  key,
  name: key[0]!.toUpperCase() + key.slice(1),
  hub: 'general',
  description: 'Stands for an element of its kind.',
  configDescription: 'Made up for the tests.',
  image: `elements/${key}.png`,
})

const secret = { key: 'secret', name: 'Secret', type: 'password', required: true, secret: true }

/** A vendor that offers nothing to check credentials with. */
export const elementWithoutProbe = {
  ...identity(9001, 'quiet'),
  entries: [secret],
  baseUrl: 'https://quiet.example.com',
  authentications: [{ type: 'basic', name: 'Basic', username: 'any', password: '{secret}' }],
}

/** A vendor that knows its callers in two ways. */
export const elementWithTwoAuthentications = {
  ...identity(9002, 'twofold'),
  entries: [secret, { key: 'url', name: 'Address', type: 'url', required: true }],
  baseUrl: '{url}',
  authentications: [
    { type: 'basic', name: 'Basic', username: 'any', password: '{secret}' },
    {
      type: 'soap',
      name: 'In the body',
      element: 'credentials',
      fields: [{ name: 'Password', value: '{secret}' }],
    },
  ],
}
