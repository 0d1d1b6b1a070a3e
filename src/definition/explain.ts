import type { TLocalizedValidationError } from 'typebox/error'
import type { Fault } from './faults.ts'

/** A schema's complaints, without those about the kinds that a part of the definition is not; never none. */
export function explain(errors: TLocalizedValidationError[]): Fault[] {
  const others = errors.flatMap((error) => {
    if (error.keyword !== 'const' || !error.instancePath.endsWith('/type')) return []
    const place = error.instancePath.slice(0, -'/type'.length)
    const branch = error.schemaPath.slice(0, -'/properties/type'.length)
    return [{ place, branch, type: String(error.params.allowedValue) }]
  })
  const meant = errors.filter(
    ({ keyword, instancePath, schemaPath }) =>
      keyword !== 'additionalProperties' &&
      !others.some(
        ({ place, branch }) => isWithin(instancePath, place) && isWithin(schemaPath, branch),
      ),
  )
  const faults = meant.flatMap(({ keyword, instancePath: at, message }): Fault | Fault[] => {
    if (keyword === 'boolean') return { at, reason: 'is not known here' }
    if (keyword !== 'anyOf') return { at, reason: message }
    if (meant.some((error) => error.keyword !== 'anyOf' && isWithin(error.instancePath, at))) {
      return []
    }
    const types = others.filter(({ place }) => place === at).map(({ type }) => type)
    if (types.length === 0) return { at, reason: 'has none of the forms that it may have' }
    return { at: `${at}/type`, reason: `must be ${types.join(' or ')}` }
  })
  // Of very many complaints, none of those that matter may be among the first.
  return faults.length > 0 ? faults : [{ at: '', reason: 'has more problems than can be told' }]
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}/`)
}
