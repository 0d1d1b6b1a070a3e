import { make } from './entry.js'

/** What was sent and what came back, as the service shows it: without secrets. */
export function makeDetails({ request, response, failure }) {
  const sent = [`${request.method} ${request.url}`, ...linesOf(request.headers), '', request.body]
  const came = response
    ? [String(response.status), ...linesOf(response.headers), '', response.body]
    : [failure?.message ?? 'Nothing']
  return make(
    'details',
    {},
    make('summary', {}, 'View details'),
    ...makePart('What was sent', sent),
    ...makePart('What came back', came),
  )
}

function makePart(heading, lines) {
  const text = lines.map((line) => line ?? '').join('\n')
  return [
    make('p', { class: 'quiet' }, heading),
    make('pre', { tabindex: '0', 'aria-label': heading }, text.trim()),
  ]
}

function linesOf(headers) {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
}
