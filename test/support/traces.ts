/** Secrets by what they are, so that a failure need not print them. */
export type Secrets = Record<string, string>

/**
 * Which secrets stand in a text or in bytes, in any form that one may take on its way: as it is, in
 * hexadecimal, in base64 behind anything else, percent-encoded, escaped for JSON, XML or SQL.
 */
export function findTraces(where: string | Buffer, secrets: Secrets): string[] {
  const bytes = typeof where === 'string' ? Buffer.from(where) : where
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const form = Object.entries(formsOf(secret)).find(([, text]) => bytes.includes(text))
    return form ? [`${name} (${form[0]})`] : []
  })
}

function formsOf(secret: string): Record<string, string> {
  const core = coreOf(secret)
  const hex = Buffer.from(core).toString('hex')
  return {
    core,
    hex,
    'upper-case hex': hex.toUpperCase(),
    ...base64Forms(core),
    ...escapedForms(secret),
  }
}

/** The longest part that no escaping changes; whatever form of the secret holds it, too. */
function coreOf(secret: string): string {
  const [longest = ''] = (secret.match(/[\w-]+/g) ?? []).sort((a, b) => b.length - a.length)
  if (longest.length < 12) throw new Error('a secret of the test has to have a longer core')
  return longest
}

/** What is the same wherever the core begins: after 0, 1 or 2 bytes of a group of three. */
function base64Forms(core: string): Record<string, string> {
  const forms: Record<string, string> = {}
  for (const before of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(before), Buffer.from(core)])
    const whole = Math.floor(padded.length / 3) * 4
    const from = before === 0 ? 0 : 4
    forms[`base64 after ${before}`] = padded.toString('base64').slice(from, whole)
    forms[`base64url after ${before}`] = padded.toString('base64url').slice(from, whole)
  }
  return forms
}

/** Those that hold no core, because every character is escaped. */
function escapedForms(secret: string): Record<string, string> {
  const each = (write: (code: number) => string) =>
    [...secret].map((character) => write(character.codePointAt(0)!)).join('')
  return {
    'percent-encoded': each((code) => `%${code.toString(16)}`),
    'JSON escapes': each((code) => `\\u${code.toString(16).padStart(4, '0')}`),
    'XML decimal references': each((code) => `&#${code};`),
    'XML hexadecimal references': each((code) => `&#x${code.toString(16)};`),
  }
}
