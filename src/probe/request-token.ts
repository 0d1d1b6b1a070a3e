import { type ConsentedOAuth1, requestTokenLogin } from '../authentication/oauth1-dance.ts'
import { sessionToken, sessionTokenSecret } from '../authentication/session.ts'
import type { Egress } from '../egress/client.ts'
import { type ProbeResult, probeVendor } from './probe.ts'
import type { Credentials } from './request.ts'

/** A request token that somebody can consent to (RFC 5849, section 2.1). */
export interface RequestToken {
  token: string
  secret: string
}

/**
 * Asks the vendor for a request token, and judges the answer as that to any login; a request token is
 * there where the verdict is `verified`. `callback` is where the vendor redirects to, or `oob`.
 * @throws {RenderError} for a value that is missing, or cannot stand where the definition puts it
 */
export async function askForRequestToken(
  egress: Pick<Egress, 'send'>,
  credentials: Credentials & { authentication: ConsentedOAuth1 },
  callback: string,
  options: { deadlineMs?: number } = {},
): Promise<ProbeResult & { requestToken: RequestToken | undefined }> {
  const login = requestTokenLogin(credentials.authentication, callback)
  const steps = [{ step: login.step, login }]
  const result = await probeVendor(egress, credentials, { ...options, steps })
  const told = result.verdict === 'verified' ? result.session?.values : undefined
  const requestToken = told && {
    token: told.get(sessionToken)!,
    secret: told.get(sessionTokenSecret)!,
  }
  return { ...result, requestToken }
}
