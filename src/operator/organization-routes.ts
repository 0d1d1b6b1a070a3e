import { Type } from 'typebox'
import type { Context } from '../context.ts'
import { pageHeaders, pageParameters, readPage } from '../http/paging.ts'
import { refusals } from '../http/problem.ts'
import { Model } from '../http/schema.ts'
import type { Server } from '../http/server.ts'
import {
  addOrganization,
  changeOrganization,
  getOrganization,
  listOrganizationPage,
  listUserPage,
} from './organizations.ts'
import { answered, deedOf, everyRefusal, params, tags } from './route-parts.ts'
import type {
  FirstAccess,
  OrganizationChange,
  OrganizationRequest,
  OrganizationUser,
} from './schema.ts'

const bodyRefusals = ['body-invalid', 'body-too-large', 'media-type-unsupported'] as const

/** Organizations, made, read and changed. */
export function organizationRoutes(app: Server, context: Context) {
  app.get(
    '/operator/organizations',
    {
      schema: {
        operationId: 'listOrganizations',
        summary: 'List organizations',
        description: 'In the order of their ids.',
        tags,
        querystring: Type.Object(pageParameters),
        response: {
          200: Type.Array(answered, {
            headers: pageHeaders,
            description: 'A page of organizations',
          }),
          ...refusals(...everyRefusal),
        },
      },
    },
    async (request, reply) => {
      const { organizations, headers } = await listOrganizationPage(
        context,
        readPage(request.query),
      )
      return reply.headers(headers).send(organizations)
    },
  )

  app.post(
    '/operator/organizations',
    {
      schema: {
        operationId: 'createOrganization',
        summary: 'Make an organization',
        description: 'With its first user, who is its admin. Their secrets are told this once.',
        tags,
        body: Model<OrganizationRequest>('OrganizationRequest'),
        response: {
          200: Model<FirstAccess>('FirstAccess'),
          ...refusals('email-taken', ...bodyRefusals, ...everyRefusal),
        },
      },
    },
    async (request) => addOrganization(context, request.body, deedOf(request)),
  )

  app.get(
    '/operator/organizations/:id',
    {
      schema: {
        operationId: 'getOrganization',
        summary: 'Read an organization',
        tags,
        params,
        response: { 200: answered, ...refusals('organization-not-found', ...everyRefusal) },
      },
    },
    async (request) => getOrganization(context, request.params.id),
  )

  app.patch(
    '/operator/organizations/:id',
    {
      schema: {
        operationId: 'changeOrganization',
        summary: 'Rename, disable or enable an organization',
        description: 'Callers of a disabled one are unknown at once. Nothing of it is lost.',
        tags,
        params,
        body: Model<OrganizationChange>('OrganizationChange'),
        response: {
          200: answered,
          ...refusals(
            'organization-not-found',
            'organization-erasing',
            ...bodyRefusals,
            ...everyRefusal,
          ),
        },
      },
    },
    async (request) =>
      changeOrganization(context, request.params.id, request.body, deedOf(request)),
  )

  app.get(
    '/operator/organizations/:id/users',
    {
      schema: {
        operationId: 'listOrganizationUsers',
        summary: 'List the users of an organization',
        tags,
        params,
        querystring: Type.Object(pageParameters),
        response: {
          200: Type.Array(Model<OrganizationUser>('OrganizationUser'), {
            headers: pageHeaders,
            description: 'A page of users',
          }),
          ...refusals('organization-not-found', ...everyRefusal),
        },
      },
    },
    async (request, reply) => {
      const page = readPage(request.query)
      const { users, headers } = await listUserPage(context, request.params.id, page)
      return reply.headers(headers).send(users)
    },
  )
}
