import type { Element } from '../definition/element.ts'
import { hubOf } from './hubs.ts'

/** An SVG of our own: the initials on the hub's colour. */
export function drawImage({ name, hub }: Pick<Element, 'name' | 'hub'>): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="64" height="64">
  <rect width="64" height="64" rx="12" fill="${hubOf(hub).color}"/>
  <text x="32" y="33" fill="#fff" font-family="system-ui, sans-serif" font-size="26" font-weight="600" text-anchor="middle" dominant-baseline="central">${initialsOf(name)}</text>
</svg>
`
}

/** Of the first two words; nothing but letters and digits, so that no markup can come of it. */
function initialsOf(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? []
  return words
    .slice(0, 2)
    .map((word) => [...word][0]!.toUpperCase())
    .join('')
}
