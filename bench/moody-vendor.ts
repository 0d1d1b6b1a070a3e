import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

// A vendor of many moods, by path.
process.once('disconnect', () => process.exit())

const large = Buffer.alloc(1024 * 1024, 'x')
const usesOfSession = 200
let session = 0
let uses = 0

const moods: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/small': (_, response) => void response.end('{"id":1,"name":"Acme"}'),
  '/large': (_, response) => void response.end(large),
  '/hang': () => {},
  '/fail': (_, response) => void response.writeHead(500).end('{"error":"on purpose"}'),
  '/reset': (request) => void request.socket.resetAndDestroy(),
  '/break': (request, response) => {
    response.writeHead(200, { 'content-length': 1000 }).write('half of it')
    setTimeout(() => request.socket.destroy(), 20)
  },
  '/drip': (_, response) => {
    response.flushHeaders()
    const timer = setInterval(() => response.write('x'), 20)
    response.on('close', () => clearInterval(timer))
  },
  '/flood': (_, response) => {
    const write = () => {
      while (!response.destroyed && response.write(large));
    }
    response.on('drain', write)
    write()
  },
  '/garbage': ({ socket }) => void socket.end('\0\x01 what you want to hear\r\n\r\n'),
  '/login': (_, response) => {
    session += 1
    uses = 0
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ token: `the-session-with-the-number-${session}` }))
  },
  '/session': ({ headers }, response) => {
    uses += 1
    const isKnown = headers.authorization === `Session the-session-with-the-number-${session}`
    response.writeHead(isKnown && uses <= usesOfSession ? 200 : 401).end('{}')
  },
  '/events': (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    let sent = 0
    const timer = setInterval(() => {
      sent += 1
      response.write(`data: ${sent}\n\n`)
      if (sent === 20) response.end()
    }, 50)
    response.on('close', () => clearInterval(timer))
  },
}

const server = createServer(async (request, response) => {
  try {
    for await (const _ of request);
  } catch {
    // Whoever leaves gets no answer.
    return
  }
  const mood = moods[request.url!.split('?')[0]!]
  if (mood) mood(request, response)
  else response.writeHead(404).end()
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address && typeof address === 'object') process.send!(`http://127.0.0.1:${address.port}`)
})
