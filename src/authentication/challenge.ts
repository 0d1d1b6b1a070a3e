/** A way to authenticate that a vendor asks for; names of parameters are in lower case. */
export interface Challenge {
  /** In lower case. */
  scheme: string
  parameters: ReadonlyMap<string, string>
}

const name = /[\s,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)/y
const value = /\s*=\s*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)|"((?:[^"\\]|\\.)*)")/y
const token68 = / +[\w.~+/-]+=*(?=\s*(?:,|$))/y

/**
 * The challenges in `WWW-Authenticate` (RFC 9110, section 11.6.1), of which one line may hold
 * several; a line is read up to what is none.
 */
export function readChallenges(header: string | string[] | undefined): Challenge[] {
  return [header ?? []].flat().flatMap(readLine)
}

function readLine(line: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  let at = 0
  const take = (pattern: RegExp) => {
    pattern.lastIndex = at
    const match = pattern.exec(line)
    if (match) at = pattern.lastIndex
    return match
  }
  for (let found = take(name); found; found = take(name)) {
    const word = found[1]!.toLowerCase()
    const given = take(value)
    if (given) {
      challenges.at(-1)?.parameters.set(word, given[1] ?? given[2]!.replace(/\\(.)/g, '$1'))
    } else {
      challenges.push({ scheme: word, parameters: new Map() })
      take(token68)
    }
  }
  return challenges
}
