import type { Server } from './server.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Whether a success is told only when it is in force in every process; as long as nothing is
     * said, for all but GET.
     */
    fenced?: boolean
  }
}

const reading = new Set(['GET', 'HEAD', 'OPTIONS'])

/** From here on, who changed something is answered when that is in force in every process. */
export function fenceChanges(app: Server, pass: () => Promise<void>) {
  app.addHook('onSend', (request, reply, payload, done) => {
    const { fenced = !reading.has(request.method) } = request.routeOptions.config ?? {}
    if (!fenced || reply.statusCode >= 400) return done(null, payload)
    const proceed = () => done(null, payload)
    pass().then(proceed, proceed)
  })
}
