import type { Context } from '../context.ts'
import type { Server } from '../http/server.ts'
import { accountChangeRoutes } from './account-change-routes.ts'
import { accountRoutes } from './account-routes.ts'
import { accountModels } from './account-schema.ts'
import { roleRoutes } from './role-routes.ts'
import { secretRoutes } from './secret-routes.ts'
import { userRoutes } from './user-routes.ts'
import { userModels } from './user-schema.ts'

/** Accounts and users of the caller's organization. */
export function tenantRoutes(app: Server, context: Context) {
  // In a scope of their own: every model costs every route that sees it, when the service starts.
  app.register(async (tenants: Server) => {
    for (const model of [...userModels, ...accountModels]) tenants.addSchema(model)
    accountRoutes(tenants, context)
    accountChangeRoutes(tenants, context)
    userRoutes(tenants, context)
    roleRoutes(tenants, context)
    secretRoutes(tenants, context)
  })
}
