import { secretMask } from '../exchange/template.ts'
import { type View, viewsOf } from './spelling.ts'

/**
 * The beginning of a text, `limit` characters at most, without any secret; undefined where a secret
 * is too short to be found for certain, or finding it would take too long.
 */
export type Scrub = (text: string, limit: number) => string | undefined

/** A shorter secret would be "found" in innocent words, and its stars would tell where it stands. */
const shortestScrubbed = 4
/** Looking for a longer one in all its spellings would take too long. */
const longestScrubbed = 8192
/** A longer one, such as a token, is looked for piece by piece. */
const longestPiece = 1024
/** More are looked for by nobody who only has credentials. */
const maxPieces = 100
/** Characters, in all readings of a text together: more is made to keep us busy. */
const maxSearched = 256 * 1024
/** How many characters one may become in the longest spelling that we read. */
const longestSpelling = 12

/**
 * Finds secrets by value: as they are, in hexadecimal, and in base64 behind and before any other
 * bytes (as in `user:secret`), each of these in every spelling of `viewsOf`, in any case.
 */
export function createScrub(secrets: readonly string[]): Scrub {
  const sought = [...new Set(secrets.map((secret) => secret.trim()))]
  const fit = (secret: string) =>
    secret.length <= longestScrubbed && [...secret].length >= shortestScrubbed
  if (!sought.every(fit)) return () => undefined
  const pieces = sought.flatMap(piecesOf)
  if (pieces.length > maxPieces) return () => undefined
  const needles = pieces.flatMap(needlesOf)
  if (needles.length === 0) return (text, limit) => text.slice(0, limit).toWellFormed()
  const longest = Math.max(...needles.map(({ text }) => text.length))
  return (text, limit) => {
    // A secret that the cut goes through is found whole first.
    const searched = text.slice(0, limit + longest * longestSpelling)
    const views = viewsOf(searched, maxSearched)
    if (!views) return undefined
    const found = views.flatMap((view) => findAll(view, needles))
    return mask(searched.slice(0, limit), found).slice(0, limit).toWellFormed()
  }
}

/** Each reaches into the next: found together, they are one. */
function piecesOf(secret: string): string[] {
  if (secret.length <= longestPiece) return [secret]
  const step = longestPiece - 1
  return Array.from({ length: Math.ceil((secret.length - 1) / step) }, (_, at) => {
    const from = Math.min(at * step, secret.length - longestPiece)
    return secret.slice(from, from + longestPiece)
  })
}

interface Needle {
  text: string
  /** How many characters around it hold some of its bits, in base64. */
  before: number
  after: number
  /** How far a search that fails at each character may go on (Knuth, Morris, Pratt). */
  retry: Uint32Array
}

type Range = [from: number, to: number]

function needlesOf(secret: string): Needle[] {
  const bytes = Buffer.from(secret, 'utf8')
  const inBase64 = [0, 1, 2].map((offset) => {
    const around = Buffer.concat([Buffer.alloc(offset), bytes, Buffer.alloc(2)])
    const [first, last] = [(offset * 8) / 6, ((offset + bytes.length) * 8) / 6]
    const text = around.toString('base64').slice(Math.ceil(first), Math.floor(last))
    return { text, before: Math.ceil(first % 1), after: Math.ceil(last % 1) }
  })
  const exact = [secret, bytes.toString('hex')].map((text) => ({ text, before: 0, after: 0 }))
  return [...exact, ...inBase64].map((needle) => {
    const text = fold(needle.text)
    return { ...needle, text, retry: retriesOf(text) }
  })
}

/** Upper and lower case, base64 and base64url, are one; nothing changes its length. */
function fold(text: string): string {
  return text
    .replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
    .replaceAll('-', '+')
    .replaceAll('_', '/')
}

function retriesOf(text: string): Uint32Array {
  const retry = new Uint32Array(text.length)
  for (let at = 1, length = 0; at < text.length; at += 1) {
    while (length > 0 && text[at] !== text[length]) length = retry[length - 1]!
    if (text[at] === text[length]) length += 1
    retry[at] = length
  }
  return retry
}

/** In time that grows with the text alone, whatever text and secrets are made of. */
function findAll({ text, places }: View, needles: Needle[]): Range[] {
  const folded = fold(text)
  return needles.flatMap(({ text: sought, before, after, retry }) => {
    const found: Range[] = []
    for (let at = 0, length = 0; at < folded.length; at += 1) {
      const code = folded.charCodeAt(at)
      while (length > 0 && code !== sought.charCodeAt(length)) length = retry[length - 1]!
      if (code === sought.charCodeAt(length)) length += 1
      if (length < sought.length) continue
      const from = places[Math.max(0, at + 1 - length - before)]!
      const to = places[Math.min(text.length, at + 1 + after)]!
      const last = found.at(-1)
      if (last && from <= last[1]) last[1] = to
      else found.push([from, to])
      length = retry[length - 1]!
    }
    return found
  })
}

function mask(text: string, found: Range[]): string {
  let masked = ''
  let seen = 0
  for (const [from, to] of found.sort(([one], [other]) => one - other)) {
    if (to <= seen || from >= text.length) continue
    if (from >= seen) masked += text.slice(seen, from) + secretMask
    seen = to
  }
  return masked + text.slice(seen)
}
