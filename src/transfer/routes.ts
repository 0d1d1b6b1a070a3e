import type { Context } from '../context.ts'
import type { Server } from '../http/server.ts'
import { exportRoutes } from './export-routes.ts'
import { exportModels } from './export-schema.ts'
import { importKeyRoutes } from './import-key-routes.ts'
import { importRoutes } from './import-routes.ts'
import { importModels } from './import-schema.ts'

/** Instances on their way between installations. */
export function transferRoutes(app: Server, context: Context) {
  // In a scope of their own: every model costs every route that sees it, when the service starts.
  app.register(async (moving: Server) => {
    for (const model of [...exportModels, ...importModels]) moving.addSchema(model)
    importKeyRoutes(moving, context)
    exportRoutes(moving, context)
    moving.register(async (lines: Server) => importRoutes(lines, context))
  })
}
