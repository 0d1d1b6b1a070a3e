import type { FastifyInstance } from 'fastify'

/** Answers which methods there are at a path, without its query; none where nobody serves it. */
export type AllowedMethods = (path: string) => string[]

interface Served {
  segments: string[]
  methods: Set<string>
}

/** Takes note of every route that is registered from here on. */
export function noteMethods(app: FastifyInstance): AllowedMethods {
  const served = new Map<string, Served>()
  app.addHook('onRoute', ({ url, method }) => {
    // Asking what is allowed is allowed everywhere.
    if (url.includes('*')) return
    const known = served.get(url) ?? { segments: segmentsOf(url), methods: new Set() }
    for (const one of [method].flat()) known.methods.add(one)
    served.set(url, known)
  })
  return (path) => {
    const asked = segmentsOf(path)
    const found = [...served.values()].filter(({ segments }) => fits(segments, asked))
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort()
  }
}

function segmentsOf(path: string): string[] {
  return path.replace(/^\/|\/$/g, '').split('/')
}

function fits(pattern: string[], asked: string[]): boolean {
  return (
    pattern.length === asked.length &&
    pattern.every((part, at) => (part.startsWith(':') ? asked[at] !== '' : part === asked[at]))
  )
}
