import { createHash } from 'node:crypto'

/** What a client is asked for, and what the vendor knows of it. */
export interface DigestAccount {
  username: string
  realm: string
  password: string
  hash: 'md5' | 'sha256' | 'sha512-256'
  session?: boolean
}

/** The members of a Digest header by name, with the quotes gone; undefined for what is none. */
export function readDigest(header: string | undefined): Record<string, string> | undefined {
  if (!header?.startsWith('Digest ')) return undefined
  const found: Record<string, string> = {}
  const rest = header
    .slice('Digest '.length)
    .replace(/([a-z*]+)=(?:"((?:\\.|[^"\\])*)"|([^", ]+))(, |$)/g, (_, name, quoted, bare) => {
      found[name] = quoted?.replace(/\\(.)/g, '$1') ?? bare
      return ''
    })
  return rest === '' ? found : undefined
}

/** The response that RFC 7616, section 3.4.1, wants; without `qop`, RFC 2069's. */
export function digestResponse(
  { username, realm, password, hash, session }: DigestAccount,
  given: Record<string, string>,
  { method, body }: { method: string; body: string | Buffer },
): string {
  const h = (text: string | Buffer) => createHash(hash).update(text).digest('hex')
  const { nonce, cnonce, nc, qop, uri } = given
  const plain = h(`${username}:${realm}:${password}`)
  const a1 = session ? h(`${plain}:${nonce}:${cnonce}`) : plain
  const a2 = h(qop === 'auth-int' ? `${method}:${uri}:${h(body)}` : `${method}:${uri}`)
  return h(qop ? `${a1}:${nonce}:${nc}:${cnonce}:${qop}:${a2}` : `${a1}:${nonce}:${a2}`)
}
