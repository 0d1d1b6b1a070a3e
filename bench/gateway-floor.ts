import replyFrom from '@fastify/reply-from'
import Fastify from 'fastify'

// A bare reverse proxy: nobody is looked up, nothing is signed, limited, counted or logged.
process.once('disconnect', () => process.exit())
const [vendor = ''] = process.argv.slice(2)
const app = Fastify({ logger: false })
app.register(replyFrom, { base: vendor, undici: { pipelining: 1, connections: 256 } })
app.all('/proxy/*', (request, reply) => reply.from(request.url.slice('/proxy'.length)))
process.send!(await app.listen({ host: '127.0.0.1', port: 0 }))
