import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keyOf } from '../authentication/authentication.ts'
import { DefinitionError, type Element, parseElement } from '../definition/element.ts'
import { findDifferences, type OpenApiFacts } from './openapi-facts.ts'

const usage = `Usage: npm run elements -- check [folder]

  Checks the definitions of the catalogue, or those in a folder, and lists them.`

const catalogue = fileURLToPath(new URL('./definitions/', import.meta.url))
const frozenFacts = new URL('../../test/elements/checked/openapi-facts.json', import.meta.url)

/** Runs `npm run elements`, and answers its exit code: 2 for a wrong call, 1 for a faulty definition. */
export async function runElementsCommand(
  args: readonly string[],
  out: { print(line: string): void; complain(line: string): void },
): Promise<number> {
  const [name, folder = catalogue, ...more] = args
  if (name !== 'check' || more.length > 0) {
    out.complain(usage)
    return 2
  }
  try {
    const facts: OpenApiFacts = JSON.parse(await readFile(frozenFacts, 'utf8'))
    const { elements, faults } = await readFolder(folder)
    faults.push(...findTwins(elements), ...elements.flatMap((one) => findFaults(one, facts)))
    for (const fault of faults) out.complain(fault)
    if (faults.length === 0) for (const line of table(elements, facts)) out.print(line)
    return faults.length === 0 ? 0 : 1
  } catch (error) {
    out.complain((error as Error).message)
    return 1
  }
}

async function readFolder(folder: string): Promise<{ elements: Element[]; faults: string[] }> {
  const elements: Element[] = []
  const faults: string[] = []
  for (const file of (await readdir(folder)).filter((one) => one.endsWith('.json')).sort()) {
    try {
      const element = parseElement(JSON.parse(await readFile(join(folder, file), 'utf8')), file)
      elements.push(element)
      if (basename(file, '.json') !== element.key) {
        faults.push(`${file}/key: is "${element.key}", not the name of the file`)
      }
    } catch (error) {
      const isOurs = error instanceof DefinitionError || error instanceof SyntaxError
      if (!isOurs) throw error
      const named = error instanceof DefinitionError ? error.message : `${file}: ${error.message}`
      faults.push(...named.split('\n'))
    }
  }
  return { elements, faults }
}

function findTwins(elements: readonly Element[]): string[] {
  return elements.flatMap(({ id, key }, at) => {
    const twin = elements.slice(0, at).find((other) => other.id === id)
    return twin ? [`${key}.json/id: ${id} is that of ${twin.key} already`] : []
  })
}

/** What the catalogue asks of a definition beyond its being usable. */
function findFaults(element: Element, { documents }: OpenApiFacts): string[] {
  const { key, entries } = element
  const helpless = entries.filter(({ help }) => !help?.endsWith('.'))
  const document = documents[key]
  return [
    ...(key.match(/^[a-z0-9]+$/)
      ? []
      : [`${key}.json/key: has more than small letters and digits`]),
    ...helpless.map((entry) => `${key}.json: {${entry.key}} has no sentence of help`),
    ...(document ? findDifferences(element, document) : []).map(
      (difference) => `${key}.json, by the vendor's OpenAPI document: ${difference}`,
    ),
  ]
}

function table(elements: readonly Element[], { documents }: OpenApiFacts): string[] {
  const rows = elements.map((element) => {
    const { key, name, authentications } = element
    const document = documents[key]
    const checked = document ? (document.origin ?? document.file) : 'no OpenAPI document'
    return [key, name, authentications.map(typeAndKey).join(', '), probeOf(element), checked]
  })
  const all = [['KEY', 'NAME', 'AUTHENTICATION', 'PROBE', 'CHECKED AGAINST'], ...rows]
  const widths = all[0]!.map((_, at) => Math.max(...all.map((row) => row[at]!.length)))
  return all.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd(),
  )
}

function typeAndKey(authentication: Element['authentications'][number]): string {
  const { type } = authentication
  const key = keyOf(authentication)
  return key === type ? type : `${type} (${key})`
}

/** The request that decides. */
function probeOf({ baseUrl, authentications, probes = [] }: Element): string {
  const logins = authentications.flatMap((one) => (one.type === 'session' ? [one.login] : []))
  const last = probes.at(-1) ?? logins.at(-1)
  if (!last) return 'none'
  const base = last.base ?? baseUrl
  const address = last.path === undefined ? base : `${base.replace(/\/$/, '')}/${last.path}`
  return `${last.method} ${address}`
}

if (import.meta.main) {
  process.exitCode = await runElementsCommand(process.argv.slice(2), {
    print: (line) => console.log(line),
    complain: (line) => console.error(line),
  })
}
