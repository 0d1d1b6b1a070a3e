import { queryOptions } from '@tanstack/react-query'
import { api, dataOf } from './client.ts'
import type { components } from './schema.d.ts'

export type Certificate = components['schemas']['Certificate']

export interface CertificateFile {
  file: File
  name: string
  passphrase: string
  origins: string[]
}

export const certificatesQuery = queryOptions({
  queryKey: ['certificates'],
  queryFn: ({ signal }) => dataOf(api.GET('/certificates', { signal })),
})

export async function uploadCertificate(given: CertificateFile): Promise<Certificate> {
  return dataOf(api.POST('/certificates', { body: await bodyOf(given) }))
}

export async function replaceCertificate(id: number, given: CertificateFile): Promise<Certificate> {
  const body = await bodyOf(given)
  return dataOf(api.PUT('/certificates/{id}', { params: { path: { id } }, body }))
}

/** PEM and PKCS#12 are told apart by what the file holds. */
async function bodyOf({ file, name, passphrase, origins }: CertificateFile) {
  const bytes = new Uint8Array(await file.arrayBuffer())
  const text = new TextDecoder().decode(bytes)
  const content = text.includes('-----BEGIN') ? { certificate: text } : { pkcs12: base64Of(bytes) }
  return { name, origins, ...(passphrase !== '' && { passphrase }), ...content }
}

function base64Of(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
