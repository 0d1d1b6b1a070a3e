import { createHash, createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Credentials that the vendor knows. */
export const awsAccount = {
  id: 'AKIDEXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}

interface Received {
  method: string
  url: URL
  headers: IncomingHttpHeaders
  body: string | Buffer
}

const sha256 = (text: string | Buffer) => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const uriEncode = (text: string) =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** As "Signature Version 4 signing process" in the AWS General Reference describes it, step by step. */
export function isSignedForAws({ method, url, headers, body }: Received): boolean {
  const [, id, date, region, service, signedHeaders = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=(.*)\/(\d{8})\/(.*)\/(.*)\/aws4_request, SignedHeaders=(.*), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? []
  if (id !== awsAccount.id || !region || !service) return false
  const names = signedHeaders.split(';')
  const required = Object.keys(headers).filter(
    (name) => name === 'host' || name.startsWith('x-amz-'),
  )
  if (!required.every((name) => names.includes(name))) return false
  // S3 takes the name of the object, and the others the path as it is sent.
  const read = service === 's3' ? decodeURIComponent : String
  const path = url.pathname.split('/').map((segment) => uriEncode(read(segment)))
  const query = [...url.searchParams].map(
    ([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`,
  )
  const hash = sha256(body)
  if (service === 's3' && headers['x-amz-content-sha256'] !== hash) return false
  const canonical = [
    method,
    path.join('/'),
    query.sort().join('&'),
    ...names.map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders,
    hash,
  ].join('\n')
  const time = String(headers['x-amz-date'])
  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const dateKey = hmac(`AWS4${awsAccount.secret}`, date!)
  const key = hmac(hmac(hmac(dateKey, region), service), 'aws4_request')
  return time.startsWith(date!) && signature === hmac(key, toSign).toString('hex')
}
