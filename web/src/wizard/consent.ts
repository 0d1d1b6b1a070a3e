import { api, dataOf } from '../api/client.ts'
import type { Element } from '../api/elements.ts'
import { ApiError } from '../api/problem.ts'
import { bodyOf, type Filled } from './form.ts'

/** The browser lets this page open none: there is a way in the same tab. */
export class WindowBlocked extends ApiError {}

/** What the vendor's redirect carried, as `POST /instances` takes it. */
export type ProviderData = Record<string, string>

/** Our own page that the vendor sends the browser back to. */
export const consentPath = '/console/consent'
const channelName = 'latchkey.consent'
const patienceMs = 10 * 60 * 1000

/**
 * Has somebody consent at the vendor in a window of its own. Must be called from a click, or browsers
 * keep the window from opening. `instanceId` names the instance that is connected anew, whose kept
 * secrets then need not be filled in.
 */
export async function askConsent(
  element: Element,
  filled: Filled,
  instanceId?: number,
): Promise<ProviderData> {
  const place = window.open('', 'latchkey-consent', 'popup,width=620,height=760')
  if (!place) {
    throw new WindowBlocked({
      title: 'The window was not opened',
      message:
        'The browser kept the window of the vendor from opening. Allow it for this page, and try again.',
    })
  }
  try {
    place.location.href = await consentUrl(element, filled, instanceId)
    return await redirectOf(place)
  } finally {
    place.close()
  }
}

/** Leads this tab to the vendor, and back to our own page. `onLeave` keeps what is to outlive it. */
export async function goToConsent(
  element: Element,
  filled: Filled,
  instanceId: number | undefined,
  onLeave: () => void,
) {
  const url = await consentUrl(element, filled, instanceId)
  onLeave()
  location.assign(url)
}

async function consentUrl(element: Element, filled: Filled, instanceId?: number): Promise<string> {
  const { configuration = {} } = bodyOf(element, filled)
  const query: Record<string, string> = {
    callbackUrl: location.origin + consentPath,
    authenticationType: filled.authentication,
  }
  if (instanceId !== undefined) query.instanceId = String(instanceId)
  if (filled.oauthAppId !== null) query.oauthAppId = filled.oauthAppId
  for (const [key, value] of Object.entries(configuration)) query[key] = String(value)
  const page = await dataOf(
    api.GET('/elements/{keyOrId}/oauth/url', {
      params: { path: { keyOrId: element.key }, query },
    }),
  )
  return (page as { oauthUrl: string }).oauthUrl
}

/** What came back, of the window that was opened for it. */
function redirectOf(place: Window): Promise<ProviderData> {
  const channel = new BroadcastChannel(channelName)
  return new Promise<ProviderData>((resolve, reject) => {
    const give = (message: string) =>
      reject(new ApiError({ title: 'The consent is missing', message }))
    channel.onmessage = ({ data }) => resolve(data as ProviderData)
    const late = setTimeout(
      () => give('The window of the vendor was left open for too long. Try again.'),
      patienceMs,
    )
    const watch = setInterval(() => {
      if (!place.closed) return
      // A message may still be on its way.
      setTimeout(() => give('The window of the vendor was closed. Try again.'), 500)
      clearInterval(watch)
    }, 500)
    channel.addEventListener('message', () => {
      clearTimeout(late)
      clearInterval(watch)
    })
  }).finally(() => channel.close())
}

/** Hands what the vendor's redirect carried to the page that waits for it, which then closes this one. */
export function tellConsent(told: ProviderData) {
  const channel = new BroadcastChannel(channelName)
  channel.postMessage(told)
  channel.close()
}
