import { cutPage, readPage } from '../http/paging.ts'
import type { ElementHead, Elements } from './elements.ts'

/** Of all definitions in a page together. */
const maxCharacters = 1024 * 1024

export interface ElementFilter {
  hub?: string
  /** In key, name or description, whatever their case. */
  searchText?: string
  installed?: boolean
  pageSize?: number
  nextPage?: string
}

/** A page of the elements that pass the filter, and the headers that go with it. */
export async function listElements(
  elements: Elements,
  organizationId: number | undefined,
  filter: ElementFilter,
) {
  const page = readPage(filter)
  const heads = (await elements.list(organizationId)).filter((head) => passes(head, filter))
  const rest = heads.filter(({ id }) => id > page.after)
  const { items, headers } = cutPage(rest, { ...page, pageSize: fitting(rest, page.pageSize) })
  return { items, headers: { ...headers, 'elements-total-count': heads.length } }
}

/** How many go into a page: fewer where their definitions are large, and one at least. */
function fitting(heads: ElementHead[], pageSize: number): number {
  let characters = 0
  const over = heads.slice(0, pageSize).findIndex(({ size }) => {
    characters += size
    return characters > maxCharacters
  })
  return over < 0 ? pageSize : Math.max(1, over)
}

function passes(head: ElementHead, { hub, searchText, installed }: ElementFilter): boolean {
  if (hub !== undefined && head.hub !== hub) return false
  if (installed !== undefined && (head.installed !== undefined) !== installed) return false
  const wanted = searchText?.toLowerCase() ?? ''
  return [head.key, head.name, head.description].some((text) => text.toLowerCase().includes(wanted))
}
