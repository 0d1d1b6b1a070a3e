import {
  DefinitionError,
  type Element,
  type OwnDefinition,
  parseElement,
} from '../definition/element.ts'
import type { Fault } from '../definition/faults.ts'
import { Refusal } from '../http/errors.ts'

const maxBytes = 256 * 1024
const maxDepth = 64
const maxFaults = 1000
const maxSpelledOut = 3

/**
 * A definition that somebody wrote, as the element of that id, or all that is wrong with it, up to a
 * thousand problems. Without a key of its own it keeps `key`, or gets one made from its name.
 * @throws {Refusal} `definition-too-large`
 */
export function checkOwnDefinition(
  given: unknown,
  { id, key: before }: { id: number; key?: string },
): { element?: Element; faults: Fault[] } {
  if (depthOf(given) > maxDepth) {
    return { faults: [{ at: '', reason: `is nested more than ${maxDepth} deep` }] }
  }
  if (Buffer.byteLength(JSON.stringify(given) ?? '') > maxBytes) {
    throw new Refusal(
      'definition-too-large',
      'A definition may have at most 256 KiB. Shorten its texts, or divide it into two elements.',
    )
  }
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    return { faults: [{ at: '', reason: 'must be an object' }] }
  }
  const strange = findStrangeTexts(given, '')
  if (strange.length > 0) return { faults: strange.slice(0, maxFaults) }
  const { id: itsId, ...definition } = given as Record<string, unknown>
  const { key = before ?? keyFrom(definition.name) } = definition
  const faults: Fault[] = []
  if (itsId !== undefined)
    faults.push({ at: '/id', reason: 'is given by the service: leave it out' })
  if (key === undefined) {
    faults.push({ at: '/key', reason: 'is needed: none can be made from the name' })
  }
  try {
    const element = parseElement({ ...definition, id, key: key ?? 'none' }, '')
    return faults.length === 0 ? { element, faults } : { faults }
  } catch (error) {
    if (!(error instanceof DefinitionError)) throw error
    return { faults: [...faults, ...error.faults].slice(0, maxFaults) }
  }
}

/** The definition as its author writes it. */
export function ownDefinitionOf({ id: _, ...definition }: Element): OwnDefinition {
  return definition
}

/** Every problem by its JSON Pointer. */
export function refuseDefinition(faults: Fault[]): Refusal {
  const first = faults.slice(0, maxSpelledOut).map(({ at, reason }) => `${at || 'it'} ${reason}`)
  const more = faults.length - first.length
  const rest = more > 0 ? `; and ${more} more, see "invalid"` : ''
  return new Refusal('definition-invalid', {
    message: `Correct the definition: ${first.join('; ')}${rest}.`,
    invalid: faults.map(({ at: key, reason }) => ({ key, reason })),
  })
}

/** Lower-case letters and digits; undefined where that makes no key. */
function keyFrom(name: unknown): string | undefined {
  if (typeof name !== 'string') return undefined
  const key = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .slice(0, 100)
  return /[a-z]/.test(key) ? key : undefined
}

/** Texts and names that PostgreSQL cannot store, or no encoding can write. */
function findStrangeTexts(part: unknown, at: string): Fault[] {
  if (typeof part === 'string') {
    const isStorable = part.isWellFormed() && !part.includes('\0')
    return isStorable ? [] : [{ at, reason: 'has a character that cannot be stored' }]
  }
  if (part === null || typeof part !== 'object') return []
  return Object.entries(part).flatMap(([name, member]) => [
    ...findStrangeTexts(name, at),
    ...findStrangeTexts(member, `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  ])
}

/** What is deeper than `maxDepth` is not looked at. */
function depthOf(value: unknown): number {
  let level = [value]
  let depth = 0
  while (level.length > 0 && depth <= maxDepth) {
    level = level.flatMap((one) => (one && typeof one === 'object' ? Object.values(one) : []))
    depth += 1
  }
  return depth
}
