import { createServer } from 'node:http'

// A vendor that costs as little as one can: a small answer, at once.
process.once('disconnect', () => process.exit())
const body = JSON.stringify({ id: 1, name: 'Acme', notes: 'x'.repeat(900) })
const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
const server = createServer((request, response) => {
  request.resume()
  response.writeHead(200, headers).end(body)
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address && typeof address === 'object') process.send!(`http://127.0.0.1:${address.port}`)
})
