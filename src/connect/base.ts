import type { Context } from '../context.ts'
import type { Server } from '../http/server.ts'

/** Where browsers reach the service, without a slash at the end; never taken from `Host`. */
export function baseOf(
  { config }: Pick<Context, 'config'>,
  app: Pick<Server, 'listeningOrigin'>,
): string {
  if (config.publicUrl) return config.publicUrl
  // What listens everywhere is reached on this machine.
  return app.listeningOrigin.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}

/** The one redirect URI, for all elements. */
export function callbackUrlOf(base: string): string {
  return `${base}/oauth/callback`
}
