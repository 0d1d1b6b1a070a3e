import { permissionsFor } from '../access/ownership.ts'
import { Refusal } from '../http/errors.ts'

export const { requireVisible, requireOwner, requireSharing, notFound } = permissionsFor({
  one: 'app profile',
  many: 'app profiles',
  notFound: 'oauth-app-not-found',
})

/** For one that was there when a request looked, and not when it was to be stored. */
export function appGone(): Refusal {
  return new Refusal(
    'oauth-app-not-found',
    'The app profile was deleted meanwhile. Name another one, or send client id and secret.',
  )
}
