import type { Context } from '../context.ts'
import type { Server } from '../http/server.ts'
import { eraseRoutes } from './erase-routes.ts'
import { exportKeyRoutes } from './export-key-routes.ts'
import { requireOperator } from './guard.ts'
import { organizationRoutes } from './organization-routes.ts'
import { operatorModels } from './schema.ts'

/** Organizations and their users, for whoever runs the service. */
export function operatorRoutes(app: Server, context: Context) {
  requireOperator(app, context.config)
  for (const model of operatorModels) app.addSchema(model)
  organizationRoutes(app, context)
  exportKeyRoutes(app, context)
  eraseRoutes(app, context)
}
