import { Type } from 'typebox'
import { Refusal } from './errors.ts'

/** The parameters of every list. */
export const pageParameters = {
  pageSize: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 200, default: 200, description: 'At most so many' }),
  ),
  nextPage: Type.Optional(
    Type.String({
      maxLength: 100,
      description: 'What the page before answered as `Elements-Next-Page-Token`',
    }),
  ),
}

/** The headers of every list. */
export const pageHeaders = {
  'Elements-Returned-Count': Type.Integer(),
  'Elements-Next-Page-Token': Type.Optional(
    Type.String({ description: 'Names the next page; absent on the last one' }),
  ),
}

export interface Page {
  pageSize: number
  /** The id after which it begins. */
  after: number
}

/** @throws {Refusal} `parameters-invalid` for a token that is none of ours */
export function readPage(query: { pageSize?: number; nextPage?: string }): Page {
  const { pageSize = 200, nextPage } = query
  if (nextPage === undefined) return { pageSize, after: 0 }
  const after = Number(Buffer.from(nextPage, 'base64url').toString())
  if (!Number.isSafeInteger(after) || after < 1 || tokenOf(after) !== nextPage) {
    throw new Refusal(
      'parameters-invalid',
      'nextPage is no page of ours. Send what the page before answered as Elements-Next-Page-Token, or leave it out.',
    )
  }
  return { pageSize, after }
}

/**
 * The page's items and the headers that go with them.
 * @param found one more than the page takes, where there are more
 */
export function cutPage<Item extends { id: number }>(found: Item[], { pageSize }: Page) {
  const items = found.slice(0, pageSize)
  const headers: Record<string, string | number> = { 'elements-returned-count': items.length }
  if (found.length > items.length) headers['elements-next-page-token'] = tokenOf(items.at(-1)!.id)
  return { items, headers }
}

function tokenOf(id: number): string {
  return Buffer.from(String(id)).toString('base64url')
}
