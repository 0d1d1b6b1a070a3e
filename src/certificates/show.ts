import type { ChainState, Remark } from './bundle.ts'
import type { Certificate } from './schema.ts'
import type { CertificateRecord } from './store.ts'

const day = 86_400_000
const soonDays = 30

const words: Record<Remark, string> = {
  'without-mac': 'Nothing in the file proves that it is whole and unchanged.',
  'several-keys': 'The file holds several keys; the first one with a certificate was taken.',
}

/** The certificate as everyone may see it who may use it. */
export function showCertificate(record: CertificateRecord, now = new Date()): Certificate {
  const { id, name, shared, origins, userId, subject, issuer, serial, fingerprint } = record
  return {
    id,
    name,
    shared,
    userId,
    origins,
    subject,
    issuer,
    serial,
    fingerprint,
    notBefore: record.notBefore.toISOString(),
    notAfter: record.notAfter.toISOString(),
    keyKind: record.keyKind,
    chainState: record.chainState,
    warnings: warningsOf(record, now),
    createdDate: record.createdAt.toISOString(),
    updatedDate: record.updatedAt.toISOString(),
  }
}

/** What may keep a vendor from accepting it, as of `now`. */
export function warningsOf(
  about: { notBefore: Date; notAfter: Date; chainState: ChainState; remarks: Remark[] },
  now: Date,
): Certificate['warnings'] {
  const warnings: Certificate['warnings'] = []
  const left = about.notAfter.getTime() - now.getTime()
  if (left < 0) {
    warnings.push({
      code: 'expired',
      message: `It expired on ${dayOf(about.notAfter)}. Replace it.`,
    })
  } else if (left <= soonDays * day) {
    const message = `It expires on ${dayOf(about.notAfter)}. Replace it before that.`
    warnings.push({ code: 'expires-soon', message })
  }
  if (about.notBefore > now) {
    warnings.push({ code: 'not-yet-valid', message: `It is valid from ${dayOf(about.notBefore)}.` })
  }
  if (about.chainState === 'incomplete') {
    const message =
      'The chain does not reach a root that is known. Where the vendor does not know the issuer, replace it with the issuers included.'
    warnings.push({ code: 'incomplete-chain', message })
  }
  return [...warnings, ...about.remarks.map((code) => ({ code, message: words[code] }))]
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}
