import { requireUser } from './access/guard.ts'
import type { Context } from './context.ts'
import { healthRoutes } from './http/health.ts'
import { describeApi } from './http/openapi.ts'
import { createServer, type Server } from './http/server.ts'
import { instanceRoutes } from './instances/routes.ts'
import { findObstacle } from './readiness.ts'

/** The composition root: one glance says who may call what. */
export function buildApp(context: Context): Server {
  const { config, log } = context
  const app = createServer({ log, trustProxy: config.trustProxy, corsOrigins: config.corsOrigins })
  describeApi(app, config.publicUrl)
  app.register(async (open: Server) => {
    healthRoutes(open, () => findObstacle(context))
  })
  app.register(async (signedIn: Server) => {
    requireUser(signedIn, context)
    instanceRoutes(signedIn, context)
  })
  return app
}
