import { createPrivateKey, type KeyObject } from 'node:crypto'
import { parse } from './der.ts'
import { corrupt, unsupported, wrongPassphrase } from './error.ts'
import { readKey } from './key.ts'
import { formsOf } from './passphrase.ts'
import { unshroud } from './pkcs12.ts'

/** A block of a PEM text (RFC 7468). */
interface Block {
  label: string
  body: string
}

const certificateLabels = ['CERTIFICATE', 'X509 CERTIFICATE']
const traditionalLabels = ['RSA PRIVATE KEY', 'EC PRIVATE KEY']

/** The certificates in the texts, in their order; other blocks are left out. */
export function readPemCertificates(...texts: string[]): Buffer[] {
  return texts
    .flatMap(blocksOf)
    .filter(({ label }) => certificateLabels.includes(label))
    .map(({ body }) => Buffer.from(body, 'base64'))
}

/**
 * The private keys in a text; other blocks are left out.
 * @throws {CertificateError}
 */
export function readPemKeys(text: string, passphrase: string | undefined): KeyObject[] {
  return blocksOf(text).flatMap(({ label, body }) => {
    const der = () => Buffer.from(body, 'base64')
    if (label === 'PRIVATE KEY') return [readKey(der())]
    if (label === 'ENCRYPTED PRIVATE KEY') return [readEncrypted(der(), passphrase)]
    if (traditionalLabels.includes(label)) return [readTraditional(label, body, passphrase)]
    return []
  })
}

/** In one pass, however many beginnings there are without an end. */
function blocksOf(text: string): Block[] {
  const parts = text.split(/-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----/)
  const blocks: Block[] = []
  for (let at = 1; at + 4 < parts.length; at += 3) {
    const [mark, label, body, end, endLabel] = parts.slice(at, at + 5)
    if (mark === 'BEGIN' && end === 'END' && label === endLabel) {
      blocks.push({ label: label!, body: body! })
    }
  }
  return blocks
}

function readEncrypted(der: Buffer, passphrase: string | undefined): KeyObject {
  const [first] = formsOf(passphrase)
  return readKey(unshroud(parse(der), first!))
}

/** PKCS#1 or SEC 1, with the encryption of RFC 1421 or without; OpenSSL knows them best. */
function readTraditional(label: string, body: string, passphrase = ''): KeyObject {
  const key = `-----BEGIN ${label}-----${body}-----END ${label}-----\n`
  const isEncrypted = body.includes('Proc-Type: 4,ENCRYPTED')
  try {
    return createPrivateKey({ key, format: 'pem', ...(isEncrypted && { passphrase }) })
  } catch (error) {
    if (!isEncrypted) throw corrupt()
    const code = String((error as { code?: unknown }).code)
    if (/UNSUPPORTED_(ENCRYPTION|CIPHER)|EVP_UNSUPPORTED/.test(code)) {
      throw unsupported('an old encryption of its key')
    }
    throw wrongPassphrase()
  }
}
