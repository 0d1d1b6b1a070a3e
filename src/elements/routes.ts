import type { Context } from '../context.ts'
import type { Server } from '../http/server.ts'
import { catalogueRoutes } from './catalogue-routes.ts'
import { definitionRoutes } from './definition-routes.ts'
import { documentRoutes } from './document-routes.ts'
import { hubRoutes } from './hub-routes.ts'
import { installRoutes } from './install-routes.ts'
import { ownElementRoutes } from './own-routes.ts'
import { models } from './schema.ts'

type Needs = Pick<Context, 'db' | 'elements'>

/** For anyone. */
export function readElementRoutes(app: Server, context: Needs) {
  for (const model of models) app.addSchema(model)
  catalogueRoutes(app, context)
  documentRoutes(app, context)
  hubRoutes(app, context)
}

/** For users. */
export function elementRoutes(app: Server, context: Needs) {
  for (const model of models) app.addSchema(model)
  definitionRoutes(app, context)
}

/** For admins, in a scope inside of that for users. */
export function changeElementRoutes(app: Server, context: Needs) {
  ownElementRoutes(app, context)
  installRoutes(app, context)
}
