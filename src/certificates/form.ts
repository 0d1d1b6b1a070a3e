import type { MultipartFile, MultipartValue } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { Refusal } from '../http/errors.ts'

/** For the form's parser; a field that is longer is cut, and so is one byte more than is allowed. */
export const formLimits = {
  fieldNameSize: 100,
  fieldSize: 400_001,
  fields: 30,
  files: 4,
  parts: 30,
}

type Part = MultipartFile | MultipartValue

/**
 * Reads a form into the members that the same request has in JSON: files as PEM or, for `pkcs12`, in
 * base64; `origins`, once or several times, as a list.
 * @throws {Refusal} `body-invalid`, `body-too-large`
 */
export async function readForm(request: FastifyRequest): Promise<Record<string, unknown>> {
  const members: Record<string, unknown> = {}
  const origins: string[] = []
  try {
    for await (const part of request.parts()) {
      const name = part.fieldname
      const value = await textOf(part)
      if (name === 'origins') origins.push(value)
      else if (Object.hasOwn(members, name)) throw twice(name)
      else members[name] = name === 'shared' ? readSwitch(value) : value
    }
  } catch (error) {
    throw error instanceof Refusal ? error : explain(error)
  }
  return origins.length > 0 ? { ...members, origins } : members
}

async function textOf(part: Part): Promise<string> {
  if (part.type === 'field') return String(part.value)
  const bytes = await part.toBuffer()
  return part.fieldname === 'pkcs12' ? bytes.toString('base64') : bytes.toString()
}

/** As a browser and as a script write it; anything else is left for the schema to refuse. */
function readSwitch(value: string): boolean | string {
  return { true: true, on: true, false: false }[value] ?? value
}

function twice(name: string): Refusal {
  const known = ['name', 'shared', 'pkcs12', 'certificate', 'chain', 'key', 'passphrase']
  const what = known.includes(name) ? `"${name}"` : 'A field'
  return new Refusal('body-invalid', `${what} comes twice in the form. Send it once.`)
}

function explain(error: unknown): Refusal {
  const { statusCode } = error as { statusCode?: unknown }
  return statusCode === 413
    ? new Refusal(
        'body-too-large',
        'A file of the form may have at most 256 KiB, and the form 30 fields.',
      )
    : new Refusal('body-invalid', 'The form cannot be read: send it whole, as multipart/form-data.')
}
