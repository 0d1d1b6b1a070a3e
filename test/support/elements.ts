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

/** A vendor that knows its callers by their client certificates. */
export const mutualElement = {
  ...identity(9003, 'mutual'),
  entries: [
    { key: 'server', name: 'Server', type: 'url', required: true },
    { key: 'cert', name: 'Certificate', type: 'certificate', required: true },
  ],
  baseUrl: '{server}',
  authentications: [{ type: 'certificate', name: 'Certificate', certificate: 'cert' }],
  probes: [
    {
      method: 'GET',
      path: 'me',
      rules: [
        {
          when: { failure: ['tls', 'reset'] },
          verdict: 'rejected',
          message: 'It wants another certificate.',
        },
        { when: { status: 200 }, verdict: 'verified' },
      ],
    },
  ],
}
