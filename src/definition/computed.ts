import type { Values } from '../exchange/request.ts'
import { escapes, RenderError, render } from '../exchange/template.ts'
import type { Entry } from './element.ts'

/** As of a value that is given. */
const maxLength = 16 * 1024

/** Whether the service makes the value: nobody gives it. */
export function isComputed({ constant, derived, discovered }: Entry): boolean {
  return constant !== undefined || derived !== undefined || discovered === true
}

/** Adds defaults, constants and what is derived; the derived ones that are no secret by themselves too. */
export function completeValues(
  entries: readonly Entry[],
  given: Values,
): { values: Values; derived: Record<string, string>; faults: { key: string; reason: string }[] } {
  const values = new Map(given)
  const derived: Record<string, string> = {}
  const faults: { key: string; reason: string }[] = []
  for (const { key, constant, default: preset } of entries) {
    const fixed = constant ?? (values.has(key) ? undefined : preset)
    if (fixed !== undefined) values.set(key, String(fixed))
  }
  for (const { key, derived: template, secret } of entries) {
    if (template === undefined) continue
    try {
      const text = render(template, values, escapes.text)
      if (text.length > maxLength) throw new RenderError(key, 'becomes too long')
      values.set(key, text)
      if (!secret) derived[key] = text
    } catch (error) {
      if (!(error instanceof RenderError)) throw error
      faults.push({ key: error.key, reason: error.message })
    }
  }
  return { values, derived, faults }
}
