import { recogniseUser, requireAdmin, requireUser } from './access/guard.ts'
import { certificateRoutes } from './certificates/routes.ts'
import type { Context } from './context.ts'
import { changeElementRoutes, elementRoutes, readElementRoutes } from './elements/routes.ts'
import { healthRoutes } from './http/health.ts'
import { describeApi } from './http/openapi.ts'
import { createServer, type Server } from './http/server.ts'
import { instanceRoutes } from './instances/routes.ts'
import { trialRoutes } from './instances/trial-routes.ts'
import { updateRoutes } from './instances/update-routes.ts'
import { findObstacle } from './readiness.ts'

/** The composition root: one glance says who may call what. */
export function buildApp(context: Context): Server {
  const { config, log } = context
  const app = createServer({ log, trustProxy: config.trustProxy, corsOrigins: config.corsOrigins })
  describeApi(app, config.publicUrl)
  app.register(async (open: Server) => {
    healthRoutes(open, () => findObstacle(context))
  })
  app.register(async (readable: Server) => {
    recogniseUser(readable, context)
    readElementRoutes(readable, context)
  })
  app.register(async (signedIn: Server) => {
    requireUser(signedIn, context)
    instanceRoutes(signedIn, context)
    certificateRoutes(signedIn, context)
    elementRoutes(signedIn, context)
    trialRoutes(signedIn, context)
    signedIn.register(async (governed: Server) => {
      requireAdmin(governed)
      changeElementRoutes(governed, context)
      updateRoutes(governed, context)
    })
  })
  return app
}
