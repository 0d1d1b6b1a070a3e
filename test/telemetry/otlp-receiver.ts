import { gunzipSync } from 'node:zlib'
import { listen } from '../egress/listener.ts'

type Attribute = { key: string; value: Record<string, string | number> }

export interface ReceivedSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  attributes: Record<string, string | number>
  status: { code?: number }
  service: string | number | undefined
}

interface Sent {
  resourceSpans: {
    resource: { attributes: Attribute[] }
    scopeSpans: { spans: (Omit<ReceivedSpan, 'attributes'> & { attributes: Attribute[] })[] }[]
  }[]
}

/** A receiver of traces as OTLP over HTTP sends them, in JSON. */
export async function startOtlpReceiver() {
  const spans: ReceivedSpan[] = []
  const requests: { path: string; headers: Record<string, unknown>; text: string }[] = []
  const receiver = { url: '', spans, requests, status: 200 }
  const server = await listen(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    const text = String(request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes)
    requests.push({ path: request.url!, headers: request.headers, text })
    for (const { resource, scopeSpans } of (JSON.parse(text) as Sent).resourceSpans) {
      const service = read(resource.attributes)['service.name']
      for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
        spans.push({ ...span, attributes: read(span.attributes), service })
      }
    }
    response.writeHead(receiver.status, { 'content-type': 'application/json' }).end('{}')
  })
  receiver.url = server.origin
  return Object.assign(receiver, {
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  })
}

function read(attributes: Attribute[]): Record<string, string | number> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]!]))
}
