import { parseArgs } from 'node:util'
import { benchGateway } from './gateway.ts'
import { benchNeighbour } from './neighbour.ts'
import { benchProvision } from './provision.ts'
import { benchSize } from './size.ts'
import { benchWaiting } from './waiting.ts'

const benchmarks = {
  gateway: benchGateway,
  neighbour: benchNeighbour,
  provision: benchProvision,
  size: benchSize,
  waiting: benchWaiting,
}
const usage = `npm run bench -- ${Object.keys(benchmarks).join('|')} [--pairs 9] [--seconds 2] [--connections 1,16,64] [--profile folder] [--instances 1000000] [--only-buffers]`

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      pairs: { type: 'string', default: '9' },
      seconds: { type: 'string', default: '2' },
      connections: { type: 'string', default: '1,16,64' },
      profile: { type: 'string' },
      'only-buffers': { type: 'boolean', default: false },
      instances: { type: 'string', default: '1000000' },
    },
  })
  const [name = ''] = positionals
  const benchmark = Object.hasOwn(benchmarks, name) && benchmarks[name as keyof typeof benchmarks]
  if (!benchmark) throw new Error(usage)
  const interrupted = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => interrupted.abort(new Error(`stopped by ${signal}`)))
  }
  await benchmark({
    pairs: readCount(values.pairs),
    seconds: readCount(values.seconds),
    connections: values.connections.split(',').map(readCount),
    profile: values.profile,
    onlyBuffers: values['only-buffers'],
    instances: readCount(values.instances),
    signal: interrupted.signal,
  })
}

function readCount(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new Error(`"${text}" is no count.\n${usage}`)
  return Number(text)
}

main().catch((error: Error) => {
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
})
