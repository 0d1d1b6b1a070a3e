import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import type { ResolvedAddress } from './resolve.ts'

/**
 * The file as `parse` reads it, read again when it changes; a file that can't be read is empty, as
 * it is to the system's resolver.
 */
export function readWhenChanged<T>(path: string, parse: (text: string) => T): () => Promise<T> {
  let known: { version: string; value: T } | undefined
  return async () => {
    try {
      const { mtimeMs, size, ino } = await stat(path)
      const version = `${mtimeMs} ${size} ${ino}`
      if (known?.version !== version) {
        known = { version, value: parse(await readFile(path, 'utf8')) }
      }
      return known.value
    } catch {
      return parse('')
    }
  }
}

/** The addresses of each name in a hosts(5) file, names in lower case. */
export function parseHosts(text: string): Map<string, ResolvedAddress[]> {
  const hosts = new Map<string, ResolvedAddress[]>()
  for (const [address, ...names] of fieldsOf(text, /#.*/)) {
    const family = isIP(address!)
    if (family === 0) continue
    for (const name of names.map((one) => one.toLowerCase())) {
      hosts.set(name, [...(hosts.get(name) ?? []), { address: address!, family: family as 4 | 6 }])
    }
  }
  return hosts
}

/** The search list of a resolv.conf(5) file: of several `search` and `domain` lines, the last. */
export function parseSearch(text: string): string[] {
  const lines = fieldsOf(text, /[#;].*/).filter(([word]) => word === 'search' || word === 'domain')
  const [, ...domains] = lines.at(-1) ?? []
  return domains.map((domain) => domain.replace(/\.$/, '')).filter((domain) => domain !== '')
}

function fieldsOf(text: string, comment: RegExp): string[][] {
  return text
    .split('\n')
    .map((line) => line.replace(comment, '').split(/\s+/).filter(Boolean))
    .filter((fields) => fields.length > 0)
}
