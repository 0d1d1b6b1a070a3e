import multipart from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'
import { pageHeaders, pageParameters, readPage } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Id, Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import { addCertificate, replaceCertificate } from './add.ts'
import { getCertificate, listPage } from './find.ts'
import { formLimits, readForm } from './form.ts'
import { removeCertificate } from './remove.ts'
import {
  Certificate,
  type CertificateReplacement,
  type CertificateRequest,
  requestModels,
} from './schema.ts'

const bodyLimit = 512 * 1024
const fileLimit = 256 * 1024

const everyRefusal = [
  'access-missing',
  'user-unknown',
  'organization-unknown',
  'header-too-large',
  'internal',
  'unavailable',
] as const
const fileRefusals = [
  'body-invalid',
  'certificate-passphrase-wrong',
  'certificate-unsupported',
  'certificate-corrupt',
  'certificate-incomplete',
  'certificate-key-mismatch',
  'certificate-too-large',
  'certificate-too-costly',
  'role-insufficient',
  'body-too-large',
  'media-type-unsupported',
  'certificates-busy',
] as const

const params = Type.Object({
  id: Id('The certificate', { minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
})
const tags = ['certificates']
const answered = Model<Certificate>('Certificate')

/** Client certificates of users: sealed when they come, and never answered with their keys. */
export function certificateRoutes(app: Server, context: Context) {
  // In a scope of their own: every model costs every route that sees it, when the service starts.
  app.register(async (certificates: Server) => {
    certificates.addSchema(Certificate)
    readingRoutes(certificates, context)
    certificates.register(async (writing: Server) => writingRoutes(writing, context))
  })
}

function readingRoutes(app: Server, context: Context) {
  app.get(
    '/certificates',
    {
      schema: {
        operationId: 'listCertificates',
        summary: 'List certificates',
        description:
          'Own ones and shared ones, in the order of their ids; all of them for an admin.',
        tags,
        querystring: Type.Object(pageParameters),
        response: {
          200: Type.Array(answered, {
            headers: pageHeaders,
            description: 'A page of certificates',
          }),
          ...refusals('parameters-invalid', ...everyRefusal),
        },
      },
    },
    async (request, reply) => {
      const page = readPage(request.query)
      const { certificates, headers } = await listPage(context, request.principal, page)
      return reply.headers(headers).send(certificates)
    },
  )

  app.get(
    '/certificates/:id',
    {
      schema: {
        operationId: 'getCertificate',
        summary: 'Read a certificate',
        tags,
        params,
        response: {
          200: answered,
          ...refusals('parameters-invalid', 'certificate-not-found', ...everyRefusal),
        },
      },
    },
    async (request) => getCertificate(context, request.principal, request.params.id),
  )

  app.delete(
    '/certificates/:id',
    {
      schema: {
        operationId: 'deleteCertificate',
        summary: 'Delete a certificate',
        description: 'Refused while instances use it; they are named in `references`.',
        tags,
        params,
        response: {
          200: Type.Object({}, { description: 'It is gone, with its key and chain' }),
          ...refusals(
            'parameters-invalid',
            'role-insufficient',
            'certificate-not-found',
            'certificate-in-use',
            ...everyRefusal,
          ),
        },
      },
    },
    async (request) => {
      await removeCertificate(context, { ...asked(request), id: request.params.id })
      return {}
    },
  )
}

function writingRoutes(app: Server, context: Context) {
  for (const model of requestModels) app.addSchema(model)
  app.register(multipart, { limits: { ...formLimits, fileSize: fileLimit } })
  app.addHook('onRequest', async ({ headers }) => {
    // Fastify counts what it reads itself, which a form is not.
    if (Number(headers['content-length'] ?? 0) > bodyLimit) throw tooLarge()
  })
  app.addHook('preValidation', async (request) => {
    if (request.isMultipart()) request.body = await readForm(request)
  })

  app.post(
    '/certificates',
    {
      bodyLimit,
      schema: {
        operationId: 'createCertificate',
        summary: 'Store a certificate',
        description:
          'Takes PKCS#12 with its passphrase, or PEM; answers what it is. Key and chain are sealed, the passphrase is forgotten.',
        tags,
        body: bodyOf('CertificateRequest', 'CertificateForm'),
        response: { 200: answered, ...refusals(...fileRefusals, ...everyRefusal) },
      },
    },
    async (request) =>
      addCertificate(context, { ...asked(request), body: request.body as CertificateRequest }),
  )

  app.put(
    '/certificates/:id',
    {
      bodyLimit,
      schema: {
        operationId: 'replaceCertificate',
        summary: 'Replace a certificate',
        description:
          'Takes another file for the same id: instances that use it present the new one from then on.',
        tags,
        params,
        body: bodyOf('CertificateReplacement', 'CertificateReplacementForm'),
        response: {
          200: answered,
          ...refusals(
            'parameters-invalid',
            'certificate-not-found',
            'certificate-in-use',
            ...fileRefusals,
            ...everyRefusal,
          ),
        },
      },
    },
    async (request) => {
      const body = request.body as CertificateReplacement
      return replaceCertificate(context, { ...asked(request), id: request.params.id, body })
    },
  )
}

function bodyOf(json: string, form: string) {
  return {
    content: {
      'application/json': { schema: Type.Ref(json) },
      'multipart/form-data': { schema: Type.Ref(form) },
    },
  }
}

function asked({ principal, id: requestId, ip: address }: FastifyRequest) {
  return { principal, requestId, address }
}

function tooLarge(): Refusal {
  return new Refusal('body-too-large', 'A certificate may be sent in at most 512 KiB.')
}
