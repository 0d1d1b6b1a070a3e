import { availableParallelism } from 'node:os'
import { manners, type Name, names } from './neighbour-manners.ts'
import { type Round, reportNeighbours } from './neighbour-report.ts'
import { connections, everyMs, type Neighbour, setNeighbourStage } from './neighbour-stage.ts'

interface Options {
  pairs: number
  seconds: number
  signal: AbortSignal
}

const warmUpSeconds = 3

/** One tenant's calls beside another's whose vendor misbehaves, in one process. */
export async function benchNeighbour({ pairs, seconds, signal }: Options) {
  await using stage = await setNeighbourStage()
  const rate = Math.round((connections * 1000) / everyMs)
  console.log(
    `Calls of one tenant beside another's: ${rate} a second on ${connections} connections, ${pairs} rounds of ${seconds} s for each neighbour, medians; Node ${process.versions.node}, ${availableParallelism()} CPUs.`,
  )
  const measure = (beside: Neighbour, forSeconds = seconds) => {
    signal.throwIfAborted()
    return stage.measure(beside, forSeconds)
  }
  await measure('nobody', warmUpSeconds)
  for (const name of names) await measure({ name, isWell: true }, 1)
  const alone: number[] = []
  const roundsOf = new Map<Name, Round[]>(names.map((name) => [name, []]))
  for (let at = 0; at < pairs; at += 1) {
    const first = await measure('nobody')
    const second = await measure('nobody')
    alone.push(second.p99 / first.p99)
    for (const name of names) roundsOf.get(name)!.push(await measureRound(name, at % 2 === 1))
  }
  reportNeighbours(roundsOf, alone)

  async function measureRound(name: Name, isBackwards: boolean): Promise<Round> {
    const besideWell = async () =>
      manners[name].beside === 'nobody' ? undefined : measure({ name, isWell: true })
    const besideBad = () => measure({ name, isWell: false })
    if (isBackwards) {
      const bad = await besideBad()
      const well = await besideWell()
      return { nobody: await measure('nobody'), well, bad }
    }
    const nobody = await measure('nobody')
    const well = await besideWell()
    return { nobody, well, bad: await besideBad() }
  }
}
