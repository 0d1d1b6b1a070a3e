import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Stands between a service and its database, and can be cut. */
export interface Cable extends AsyncDisposable {
  /** The database's, through it. */
  url: string
  /** All connections break, and new ones are refused. */
  cut(): void
  /** Nothing comes through, and nobody is told. */
  hang(): void
  mend(): void
}

export async function startCable(databaseUrl: string): Promise<Cable> {
  const { hostname, port } = new URL(databaseUrl)
  let state: 'whole' | 'cut' | 'hanging' = 'whole'
  const sockets = new Set<Socket>()
  const join = (from: Socket, to: Socket) => {
    sockets.add(from)
    from
      .on('data', (chunk) => {
        if (state === 'whole') to.write(chunk)
      })
      .on('error', () => {})
      .on('close', () => {
        sockets.delete(from)
        if (state !== 'hanging') to.destroy()
      })
  }
  const server = createServer((client) => {
    if (state === 'cut') {
      client.destroy()
      return
    }
    const database = connect(Number(port), hostname)
    join(client, database)
    join(database, client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const breakAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url: url.href,
    cut() {
      state = 'cut'
      breakAll()
    },
    hang() {
      state = 'hanging'
    },
    mend() {
      breakAll()
      state = 'whole'
    },
    async [Symbol.asyncDispose]() {
      state = 'cut'
      breakAll()
      server.close()
    },
  }
}
