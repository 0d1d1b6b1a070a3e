import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const patient = new WeakSet<Socket>()
const lingeringMs = 5_000

/**
 * For a request whose body is answered while it still comes: it may take longer than the server
 * grants a request, as long as bytes go one way or the other. Where its answer ends before it does,
 * the connection is closed once the other side has had time to read the answer.
 */
export function bePatient({ raw: request }: { raw: IncomingMessage }, response: ServerResponse) {
  const { socket } = request
  patient.add(socket)
  response.once('finish', () => {
    patient.delete(socket)
    if (request.complete) return
    // RFC 9112, section 9.6: to close at once could take back what is still on its way.
    request.resume()
    socket.end()
    setTimeout(() => socket.destroy(), lingeringMs).unref()
  })
}

export function isPatient(socket: Socket): boolean {
  return patient.has(socket)
}
