import { createHash } from 'node:crypto'
import { AwsV4Signer } from 'aws4fetch'
import { type Static, Type } from 'typebox'
import type { Values, VendorRequest } from '../exchange/request.ts'
import { escapes, RenderError, render, secretMask } from '../exchange/template.ts'
import { withHeaders } from './header.ts'
import { type AuthenticationType, common, strict, Template } from './type.ts'

const schema = Type.Object(
  {
    type: Type.Literal('awsSignature4'),
    ...common,
    accessKeyId: Template,
    secretAccessKey: Template,
    /** Of temporary credentials; one that renders to nothing is left out. */
    sessionToken: Type.Optional(Template),
    region: Template,
    /** As in `execute-api` or `s3`. */
    service: Template,
  },
  strict,
)

type AwsSignature4 = Static<typeof schema>

const contentHash = 'x-amz-content-sha256'

/** AWS Signature Version 4 in the Authorization header, over method, path, query and body. */
export const awsSignature4 = {
  schema,
  seesBody: () => true,
  async sign(request, authentication, values) {
    const { signer, headers } = prepare(request, authentication, values)
    return withHeaders(request, [...headers, ['authorization', await signer.authHeader()]])
  },
  mask(request, authentication, values) {
    const { signer, headers } = prepare(request, authentication, values)
    const credential = `${signer.accessKeyId}/${signer.credentialString}`
    const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signer.signedHeaders}, Signature=${secretMask}`
    return withHeaders(request, [...headers, ['authorization', authorization]])
  },
} as const satisfies AuthenticationType<AwsSignature4> & { schema: unknown }

function prepare(request: VendorRequest, authentication: AwsSignature4, values: Values) {
  const body = request.body ?? ''
  const service = render(authentication.service, values, inCredential)
  const sessionToken = render(authentication.sessionToken ?? '', values, escapes.header)
  // What must be signed and no more: others may be changed on the way.
  const given = Object.entries(request.headers).filter(([name]) => name.startsWith('x-amz-'))
  const signed = Object.fromEntries(given)
  // S3 wants to be told; and where it is told, the signature covers what is told, not the body.
  if (service === 's3' || signed[contentHash] !== undefined) {
    signed[contentHash] = createHash('sha256').update(body).digest('hex')
  }
  const signer = new AwsV4Signer({
    method: request.method,
    url: request.url,
    headers: signed,
    body,
    accessKeyId: render(authentication.accessKeyId, values, inCredential),
    secretAccessKey: render(authentication.secretAccessKey, values, escapes.text),
    ...(sessionToken && { sessionToken }),
    region: render(authentication.region, values, inCredential),
    service,
  })
  const headers = [...signer.headers].filter(([name]) => name.startsWith('x-amz-'))
  return { signer, headers }
}

/** A part of `Credential=id/date/region/service/aws4_request`. */
function inCredential(value: string, key: string): string {
  if (!/^[\w.~+=*-]+$/.test(value)) {
    throw new RenderError(key, 'must be letters, digits and "-" only')
  }
  return value
}
