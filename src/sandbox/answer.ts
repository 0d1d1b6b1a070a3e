/** What the stand-in vendor says, before anything is sent. */
export interface Answer {
  status: number
  headers: Record<string, string>
  body: Buffer
}

/** An answer with the headers that IIS puts on everything. Made once and shared where it never varies. */
export function answer(status: number, contentType: string, body: string): Answer {
  const bytes = Buffer.from(body)
  return {
    status,
    headers: {
      'Cache-Control': 'private, max-age=0',
      'Content-Type': contentType,
      'Content-Length': String(bytes.length),
      Server: 'Microsoft-IIS/8.5',
    },
    body: bytes,
  }
}

export const json = (status: number, value: unknown) =>
  answer(status, 'application/json; charset=utf-8', JSON.stringify(value))

/** The short HTML page that IIS answers where nothing is served. */
export const htmlPage = (status: number, title: string) =>
  answer(
    status,
    'text/html; charset=utf-8',
    `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
  )

export const notFound = htmlPage(404, '404 - File or directory not found.')
export const notAllowed = htmlPage(405, '405 - HTTP verb used to access this page is not allowed.')

/** The load balancer's answer, in front of the application, for a codebase or company it has no route to. */
export const cannotRoute = answer(
  400,
  'text/plain; charset=utf-8',
  'Cannot route. Codebase/company is invalid',
)
