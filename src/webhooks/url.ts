import type { Egress } from '../egress/client.ts'
import { Refusal } from '../http/errors.ts'

/**
 * A URL that events may be sent to, as far as that shows before its name is resolved; every delivery
 * judges it anew.
 * @throws {Refusal} `body-invalid`, `destination-forbidden`
 */
export function readUrl(egress: Pick<Egress, 'judge'>, text: string): string {
  const url = URL.parse(text)
  if (!url) {
    throw new Refusal('body-invalid', {
      message: 'The url cannot be read. Write it as https://app.example.com/hooks.',
      invalid: [{ key: 'url', reason: 'is no URL' }],
    })
  }
  url.hash = ''
  const refused = egress.judge(url)
  if (refused) throw new Refusal('destination-forbidden', refused.reason)
  return url.href
}
