import {
  guardRight,
  recogniseUser,
  requireConnection,
  requireInstance,
  requireUser,
  requireUserOrConnection,
} from './access/guard.ts'
import { may } from './access/rights.ts'
import { signedInRoutes, signInRoutes } from './access/sign-in-routes.ts'
import { tenantRoutes } from './access/tenant-routes.ts'
import { auditRoutes } from './audit/routes.ts'
import { keepForLater } from './calls/keep.ts'
import { callRoutes } from './calls/routes.ts'
import { StoredCall } from './calls/schema.ts'
import { certificateRoutes } from './certificates/routes.ts'
import { connectBrowserRoutes } from './connect/browser-routes.ts'
import { connectPageRoutes } from './connect/page-routes.ts'
import { connectSessionRoutes } from './connect/routes.ts'
import { consoleRoutes } from './console/routes.ts'
import type { Context } from './context.ts'
import { changeElementRoutes, elementRoutes, readElementRoutes } from './elements/routes.ts'
import { callLogRoutes } from './gateway/call-log-routes.ts'
import { liveRoutes } from './gateway/live-routes.ts'
import { gatewayRoutes } from './gateway/routes.ts'
import { historyRoutes } from './health/history-routes.ts'
import { verificationRoutes } from './health/routes.ts'
import { fenceChanges } from './http/fence.ts'
import { healthRoutes } from './http/health.ts'
import { describeApi } from './http/openapi.ts'
import { createServer, type Server } from './http/server.ts'
import { changeRoutes } from './instances/change-routes.ts'
import { entryRoutes } from './instances/entry-routes.ts'
import { listRoutes } from './instances/list-routes.ts'
import { ownerRoutes } from './instances/owner-routes.ts'
import { pingRoutes } from './instances/ping-routes.ts'
import { referenceRoutes } from './instances/references-routes.ts'
import { instanceRoutes } from './instances/routes.ts'
import { tokenChangeRoutes } from './instances/token-change-routes.ts'
import { tokenRoutes } from './instances/token-routes.ts'
import { trialRoutes } from './instances/trial-routes.ts'
import { updateRoutes } from './instances/update-routes.ts'
import { limitRoutes } from './limits/routes.ts'
import { appRoutes } from './oauth/app-routes.ts'
import { authorizationRoutes } from './oauth/routes.ts'
import { operatorRoutes } from './operator/routes.ts'
import { findObstacle } from './readiness.ts'
import { retentionRoutes } from './retention/routes.ts'
import { measureRequests } from './telemetry/requests.ts'
import { metricsRoutes } from './telemetry/routes.ts'
import { traceRequests } from './telemetry/trace-requests.ts'
import { accessFor } from './tokens/renew.ts'
import { bulkRoutes } from './transfer/bulk-routes.ts'
import { transferRoutes } from './transfer/routes.ts'
import { webhookRoutes } from './webhooks/routes.ts'

/** The composition root: one glance says who may call what. */
export function buildApp(context: Context): Server {
  const { config, log } = context
  const app = createServer({ log, trustProxy: config.trustProxy, corsOrigins: config.corsOrigins })
  describeApi(app, config.publicUrl)
  measureRequests(app, context.metrics)
  traceRequests(app, context.traces)
  fenceChanges(app, () => context.listener.passFence())
  app.register(async (open: Server) => {
    healthRoutes(open, () => findObstacle(context))
    signInRoutes(open, context)
    consoleRoutes(open)
    metricsRoutes(open, context)
  })
  app.register(async (readable: Server) => {
    recogniseUser(readable, context)
    readElementRoutes(readable, context)
  })
  app.register(async (signedIn: Server) => {
    requireUser(signedIn, context)
    signedInRoutes(signedIn, context)
    tenantRoutes(signedIn, context)
    instanceRoutes(signedIn, context)
    changeRoutes(signedIn, context, accessFor)
    ownerRoutes(signedIn, context, accessFor)
    verificationRoutes(signedIn, context)
    historyRoutes(signedIn, context)
    referenceRoutes(signedIn, context, accessFor)
    tokenChangeRoutes(signedIn, context, accessFor)
    signedIn.register(async (many: Server) => bulkRoutes(many, context))
    transferRoutes(signedIn, context)
    signedIn.register(async (instances: Server) => {
      listRoutes(instances, context)
      entryRoutes(instances, context, accessFor)
      instances.register(async (named: Server) => {
        requireInstance(named, context)
        tokenRoutes(named, context, accessFor)
      })
    })
    certificateRoutes(signedIn, context)
    auditRoutes(signedIn, context, (principal) => may(principal, 'all-audit'))
    appRoutes(signedIn, context)
    elementRoutes(signedIn, context)
    trialRoutes(signedIn, context)
    authorizationRoutes(signedIn, context)
    limitRoutes(signedIn, context)
    liveRoutes(signedIn, context)
    callLogRoutes(signedIn, context)
    connectSessionRoutes(signedIn, context)
    signedIn.register(async (governed: Server) => {
      guardRight(governed, 'change-catalogue')
      changeElementRoutes(governed, context)
      updateRoutes(governed, context)
    })
    signedIn.register(async (recorded: Server) => {
      guardRight(recorded, 'all-audit')
      retentionRoutes(recorded, context)
    })
    signedIn.register(async (told: Server) => {
      guardRight(told, 'all-webhooks')
      webhookRoutes(told, context)
    })
  })
  app.register(async (connected: Server) => {
    requireConnection(connected, context)
    pingRoutes(connected, context, accessFor)
  })
  app.addSchema(StoredCall)
  app.register(async (called: Server) => gatewayRoutes(called, context, keepForLater))
  app.register(async (callers: Server) => {
    requireUserOrConnection(callers, context)
    callRoutes(callers, context)
  })
  app.register(async (customers: Server) => {
    connectBrowserRoutes(customers, context)
    connectPageRoutes(customers, context)
  })
  app.register(async (operated: Server) => {
    operatorRoutes(operated, context)
  })
  return app
}
