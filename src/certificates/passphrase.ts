/** A passphrase as the two families of algorithms take it. */
export interface Passphrase {
  /** UTF-16 with two zero bytes at its end (RFC 7292, appendix B.1). */
  bmp: Buffer
  /** For PBES2 and PBMAC1. */
  utf8: Buffer
}

/**
 * Every form that a passphrase may have had where the file was made: an empty one and none differ,
 * and OpenSSL before 1.1.0 widened each byte of UTF-8.
 */
export function formsOf(passphrase = ''): Passphrase[] {
  const utf8 = Buffer.from(passphrase, 'utf8')
  const form = (text: string) => ({ bmp: terminated(text), utf8 })
  if (passphrase === '') return [form(''), { bmp: Buffer.alloc(0), utf8 }]
  const widened = utf8.toString('latin1')
  return widened === passphrase ? [form(passphrase)] : [form(passphrase), form(widened)]
}

function terminated(text: string): Buffer {
  return Buffer.from(`${text}\0`, 'utf16le').swap16()
}
