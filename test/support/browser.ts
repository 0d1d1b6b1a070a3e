import { request } from 'undici'

/** What stands in a redirect's query, as its receiver has it. */
export type RedirectParameters = Record<string, string>

/**
 * Somebody's browser, as far as consents need one: it keeps cookies, follows redirects within the
 * vendor's origin, and answers its forms.
 */
export class Browser {
  readonly #cookies = new Map<string, string>()

  /**
   * Opens the vendor's page, answers each form with `answer`, and says where the vendor sends the
   * browser back to; an error where it shows a page that is no form.
   */
  async consent(pageUrl: string, answer: 'grant' | 'deny' = 'grant'): Promise<URL> {
    const { origin } = new URL(pageUrl)
    let next = new URL(pageUrl)
    for (let steps = 0; steps < 20; steps += 1) {
      if (next.origin !== origin) return next
      const { location, text } = await this.#get(next)
      if (location) {
        next = new URL(location, next)
        continue
      }
      if (!text.includes('<form')) throw new Error(`the vendor says: ${text.slice(0, 1000)}`)
      const posted = await this.#send(next, `answer=${answer}`)
      next = new URL(posted.location!, next)
    }
    throw new Error('the vendor redirects without end')
  }

  #get(url: URL) {
    return this.#send(url, null)
  }

  async #send(url: URL, form: string | null) {
    const { headers, body } = await request(url, {
      method: form === null ? 'GET' : 'POST',
      headers: {
        accept: 'text/html',
        cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form !== null && { 'content-type': 'application/x-www-form-urlencoded' }),
      },
      body: form,
    })
    for (const cookie of [headers['set-cookie'] ?? []].flat()) {
      const [pair = ''] = cookie.split(';', 1)
      const at = pair.indexOf('=')
      this.#cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return { location: headers.location as string | undefined, text: await body.text() }
  }
}

/** As a caller's backend reads the redirect that its callback received. */
export function parametersOf(redirect: URL): RedirectParameters {
  return Object.fromEntries(redirect.searchParams)
}
