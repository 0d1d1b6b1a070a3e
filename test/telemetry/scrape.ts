import type { World } from '../support/world.ts'

/** One line of the metrics: its labels and value. */
interface Sample {
  labels: Record<string, string>
  value: number
}

/** What `GET /metrics` says of one name. */
export async function scrape({ url }: Pick<World, 'url'>, name: string): Promise<Sample[]> {
  const answer = await fetch(`${url}/metrics`)
  if (answer.status !== 200) throw new Error(await answer.text())
  const lines = (await answer.text()).split('\n')
  return lines.flatMap((line) => {
    const [, found, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (found !== name) return []
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)]
    const read = Object.fromEntries(pairs.map(([, label, text]) => [label, text]))
    return [{ labels: read, value: Number(value) }]
  })
}

/** The value where these labels are; 0 where there is none. */
export async function sumOf(
  world: Pick<World, 'url'>,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  const samples = await scrape(world, name)
  const fit = samples.filter((sample) =>
    Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
  )
  return fit.reduce((sum, { value }) => sum + value, 0)
}
