import { Parser } from 'htmlparser2'

const silent = ['script', 'style']

/** The text without its markup; entities stay as they were written, so that none turns into markup. */
export function stripMarkup(text: string): string {
  let before = text
  let after = text
  // What stands around a tag can make a new one: `<<b>b>`.
  do {
    before = after
    after = textOf(before)
  } while (after !== before && after.includes('<'))
  return after.trim()
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
