/** A text as it reads, and where in the source each of its characters stands (the end included). */
export interface View {
  text: string
  places: Uint32Array
}

interface Spelling {
  pattern: RegExp
  read(written: string): string
}

const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const control: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** UTF-8 (RFC 3986, section 2.1), a byte that is none being Latin-1. */
const percent: Spelling = {
  pattern:
    /%(?:[cd][0-9a-f]%[89ab][0-9a-f]|e[0-9a-f](?:%[89ab][0-9a-f]){2}|f[0-7](?:%[89ab][0-9a-f]){3}|[0-9a-f]{2})/gi,
  read: (written) => {
    const bytes = Buffer.from(written.replaceAll('%', ''), 'hex')
    return bytes.toString(bytes.length === 1 ? 'latin1' : 'utf8')
  },
}

const form: Spelling = {
  pattern: new RegExp(`\\+|${percent.pattern.source}`, 'gi'),
  read: (written) => (written === '+' ? ' ' : percent.read(written)),
}

/** RFC 8259, section 7; each `\u` is one UTF-16 unit, as a string's are. */
const json: Spelling = {
  pattern: /\\(?:u[0-9a-f]{4}|.)/gi,
  read: (written) =>
    written.length > 2
      ? String.fromCharCode(Number.parseInt(written.slice(2), 16))
      : (control[written[1]!] ?? written[1]!),
}

/** XML 1.0, sections 4.1 and 4.6. */
const xml: Spelling = {
  pattern: /&(?:#\d{1,7}|#x[0-9a-f]{1,6}|amp|lt|gt|quot|apos);/gi,
  read: (written) => {
    const name = written.slice(1, -1).toLowerCase()
    if (!name.startsWith('#')) return named[name]!
    const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
    return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd'
  },
}

/** All of them, as where JSON holds a URL or XML. */
const mixed: Spelling = {
  pattern: new RegExp([percent, json, xml].map(({ pattern }) => pattern.source).join('|'), 'gi'),
  read: (written) => (written[0] === '%' ? percent : written[0] === '&' ? xml : json).read(written),
}

const spellings = [percent, form, json, xml, mixed]
/**
 * Which may stand one inside another. A vendor that answers in a form what it wanted to be signed
 * encodes it for the third time (RFC 5849, section 3.4.1).
 */
const depths = [spellings, spellings, [percent, form]]

/**
 * The text as it stands, and as it reads in every spelling that vendors use, one inside another too;
 * undefined where that makes more than `budget` characters together.
 */
export function viewsOf(text: string, budget: number): View[] | undefined {
  const places = Uint32Array.from({ length: text.length + 1 }, (_, at) => at)
  const views = new Map<string, View>([[text, { text, places }]])
  let left = budget - text.length
  for (const inner of depths) {
    for (const outer of [...views.values()]) {
      for (const spelling of inner) {
        const view = reread(outer, spelling)
        if (!view || views.has(view.text)) continue
        left -= view.text.length
        if (left < 0) return undefined
        views.set(view.text, view)
      }
    }
  }
  return [...views.values()]
}

/** Nothing, where nothing reads otherwise. */
function reread({ text, places }: View, { pattern, read }: Spelling): View | undefined {
  const reading = { text: '', places: new Uint32Array(places.length) }
  let from = 0
  const keep = (to: number) => {
    reading.places.set(places.subarray(from, to), reading.text.length)
    reading.text += text.slice(from, to)
  }
  for (const { 0: written, index } of text.matchAll(pattern)) {
    keep(index)
    const meant = read(written)
    const at = reading.text.length
    reading.places.fill(places[index]!, at, at + meant.length)
    reading.text += meant
    from = index + written.length
  }
  if (from === 0) return undefined
  keep(text.length)
  reading.places[reading.text.length] = places[text.length]!
  return reading
}
