import { Tokenizer } from 'htmlparser2'

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
  // Whoever nests deeper means to get around us: no "<" is left that may begin a tag.
  return after.replace(/<+([a-z/!?]?)/gi, (open, next: string) => next || open).trim()
}

const ignore = () => {}

function textOf(markup: string): string {
  if (!markup.includes('<')) return markup
  let text = ''
  /** The tag that is open whose content is not for reading. */
  let silence: string | undefined
  const nameAt = (start: number, end: number) => markup.slice(start, end).toLowerCase()
  const tokenizer = new Tokenizer(
    { decodeEntities: false },
    {
      onopentagname(start, end) {
        silence ??= silent.find((name) => name === nameAt(start, end))
      },
      onclosetag(start, end) {
        if (nameAt(start, end) === silence) silence = undefined
      },
      ontext(start, end) {
        if (silence === undefined) text += markup.slice(start, end)
      },
      onattribdata: ignore,
      onattribend: ignore,
      onattribentity: ignore,
      onattribname: ignore,
      oncdata: ignore,
      oncomment: ignore,
      ondeclaration: ignore,
      onend: ignore,
      onopentagend: ignore,
      onprocessinginstruction: ignore,
      onselfclosingtag: ignore,
      ontextentity: ignore,
    },
  )
  tokenizer.write(markup)
  tokenizer.end()
  return text
}
