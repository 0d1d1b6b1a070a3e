import type { Values } from '../exchange/request.ts'
import { escapes, RenderError, render } from '../exchange/template.ts'
import { entryIn } from './entry-in.ts'

/**
 * What a template makes, as it is.
 * @throws {RenderError} where that is nothing
 */
export function renderNeeded(template: string | undefined, values: Values): string {
  const text = render(template ?? '', values, escapes.text)
  if (text === '') throw new RenderError(entryIn(template ?? ''), 'is needed')
  return text
}
