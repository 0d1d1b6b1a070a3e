import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { problems } from '../src/http/errors.ts'

const root = resolve(import.meta.dirname, '..')
const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join(root, 'src', file))

interface Import {
  from: string
  to: string
  typeOnly: boolean
}

const roomOf = (path: string) => {
  const parts = relative(join(root, 'src'), path).split('/')
  return parts.length === 1 ? 'root' : parts[0]!
}

const imports: Import[] = files.flatMap((from) => {
  const source = readFileSync(from, 'utf8')
  const found = source.matchAll(/^(?:import|export)\s+(type\s)?[^'"]*?from\s+'(\.[^']+)'/gms)
  return [...found]
    .map(([, type, specifier]) => ({
      from,
      to: resolve(dirname(from), specifier!),
      typeOnly: type !== undefined,
    }))
    .filter(({ to }) => to.startsWith(join(root, 'src')))
})

/** From the many to the few: a room may import those behind it. */
const order = [
  'console',
  'operator',
  'retention',
  'webhooks',
  'connect',
  'health',
  'calls',
  'gateway',
  'transfer',
  'tokens',
  'instances',
  'oauth',
  'probe',
  'certificates',
  'limits',
  'access',
  'elements',
  'definition',
  'authentication',
  'exchange',
  'egress',
  'vault',
  'audit',
]
const base = ['http', 'database', 'telemetry']
const entryPoints = [
  'access/organization-command.ts',
  'access/user-command.ts',
  'vault/keys-command.ts',
]

test('imports run one way, from the many rooms to the few', () => {
  const wrong = imports.filter(({ from, to, typeOnly }) => {
    const [room, other] = [roomOf(from), roomOf(to)]
    if (room === other || room === 'root' || base.includes(other)) return false
    if (entryPoints.includes(relative(join(root, 'src'), from))) return false
    if (other === 'root')
      return !(to.endsWith('config.ts') || (to.endsWith('context.ts') && typeOnly))
    if (!order.includes(room) || !order.includes(other)) return true
    return order.indexOf(room) > order.indexOf(other)
  })
  expect(wrong).toEqual([])
})

test('no import makes a circle', () => {
  const graph = Map.groupBy(imports, ({ from }) => from)
  const done = new Set<string>()
  const visit = (file: string, path: string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    for (const { to, typeOnly } of graph.get(file) ?? []) {
      const circle = typeOnly ? undefined : visit(to, [...path, file])
      if (circle) return circle
    }
    done.add(file)
    return undefined
  }
  expect(files.map((file) => visit(file, [])).filter(Boolean)).toEqual([])
})

test("a feature's store is its own", () => {
  const foreign = imports.filter(
    ({ from, to, typeOnly }) =>
      !typeOnly && /(^|[/-])store\.ts$/.test(to) && roomOf(from) !== roomOf(to),
  )
  expect(foreign).toEqual([])
})

test('only the entry points read the environment', () => {
  const readers = files.filter((file) => readFileSync(file, 'utf8').includes('process.env'))
  expect(readers.map((file) => relative(join(root, 'src'), file)).sort()).toEqual(
    [...entryPoints, 'main.ts'].sort(),
  )
})

/** What a newcomer pastes and a document shows names an element; no decision does. */
const examples = [
  'first-credentials.ts',
  'start.ts',
  'http/problem.ts',
  'instances/examples.ts',
  'instances/schema.ts',
]

test('only the sandbox knows a vendor', () => {
  const knowing = files
    .filter((file) => roomOf(file) !== 'sandbox' && /connectwise/i.test(readFileSync(file, 'utf8')))
    .map((file) => relative(join(root, 'src'), file))
  expect(knowing.filter((file) => !examples.includes(file))).toEqual([])
})

test('every problem has a title of its own, and a status of an error', () => {
  const all = Object.values(problems)
  expect(new Set(all.map(({ title }) => title)).size).toBe(all.length)
  expect(all.every(({ status }) => status >= 400 && status < 600)).toBe(true)
})
