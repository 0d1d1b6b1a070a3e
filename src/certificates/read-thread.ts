import { parentPort, workerData } from 'node:worker_threads'
import type { CertificateBundle, GivenCertificate } from './bundle.ts'
import { CertificateError, type CertificateErrorKind } from './error.ts'
import { read } from './read.ts'

export type Reading =
  | { bundle: CertificateBundle }
  | { refused: { kind: CertificateErrorKind; message: string } }

function answer(given: GivenCertificate): Reading {
  try {
    return { bundle: read(given) }
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error
    return { refused: { kind: error.kind, message: error.message } }
  }
}

const given: GivenCertificate = workerData
// Bytes cross to another thread without the class that they had.
parentPort!.postMessage(
  answer('pkcs12' in given ? { ...given, pkcs12: Buffer.from(given.pkcs12) } : given),
)
