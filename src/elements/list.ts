import { cutPage, readPage } from '../http/paging.ts'
import type { ElementHead, Elements } from './elements.ts'

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
  const { items, headers } = cutPage(rest, page)
  return { items, headers: { ...headers, 'elements-total-count': heads.length } }
}

function passes(head: ElementHead, { hub, searchText, installed }: ElementFilter): boolean {
  if (hub !== undefined && head.hub !== hub) return false
  if (installed !== undefined && (head.installed !== undefined) !== installed) return false
  const wanted = searchText?.toLowerCase() ?? ''
  return [head.key, head.name, head.description].some((text) => text.toLowerCase().includes(wanted))
}
