import { Parser } from 'htmlparser2'

const silent = ['script', 'style']
const maxPasses = 10

/** The text without its markup; entities stay as they were written, so that none turns into markup. */
export function stripMarkup(text: string): string {
  let before = text
  let after = textOf(before)
  // What stands around a tag can make a new one: `<<b>b>`.
  for (let pass = 1; after !== before && pass < maxPasses; pass += 1) {
    before = after
    after = textOf(before)
  }
  // Nobody nests so deep but to get around us: then no "<" that may begin a tag is left.
  return (after === before ? after : after.replace(/<+(?=[a-z/!?])/gi, '')).trim()
}

function textOf(markup: string): string {
  if (!markup.includes('<')) return markup
  let text = ''
  let muted = 0
  const parser = new Parser(
    {
      onopentag: (name) => {
        if (silent.includes(name)) muted += 1
      },
      onclosetag: (name) => {
        if (silent.includes(name)) muted -= 1
      },
      ontext: (part) => {
        if (muted === 0) text += part
      },
    },
    { decodeEntities: false },
  )
  parser.end(markup)
  return text
}
