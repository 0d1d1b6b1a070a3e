import { type Static, Type } from 'typebox'
import { pageHeaders, pageParameters } from '../http/paging.ts'
import { NullableString } from '../http/schema.ts'
import { instance } from './examples.ts'
import { Instance } from './schema.ts'

/** What no database stores is in no parameter. */
const text = { maxLength: 255, pattern: '^[^\\u0000]*$' }
const Tags = (description: string) =>
  Type.Array(Type.String(text), { default: [], maxItems: 50, description })

const ownFilters = {
  user: Type.Optional(
    Type.String({
      ...text,
      minLength: 1,
      description:
        "The id or e-mail address of a user: admins of the organization list another one's instances, whose tokens read `********`. Left out: own ones",
    }),
  ),
  'tags[]': Tags('Only those that have it; repeated, only those that have all'),
  tags: Tags('The same'),
  searchText: Type.Optional(
    Type.String({
      ...text,
      description: "Only those in whose name or element's key it stands, whatever its case",
    }),
  ),
  externalId: Type.Optional(Type.String({ ...text, minLength: 1 })),
  state: Type.Optional(Instance.properties.state),
  hydrate: Type.Boolean({
    default: true,
    description: 'False: a light form, without configuration, settings and warnings',
  }),
  lastUsed: Type.Boolean({
    default: false,
    description: 'True: with `lastUsedAt`, when it was called through last',
  }),
}

/** Of `GET /elements/{keyOrId}/instances`. */
export const elementListParameters = Type.Object({ ...ownFilters, ...pageParameters })

/** Of `GET /instances`. */
export const listParameters = Type.Object({
  ...ownFilters,
  element: Type.Optional(Type.String({ ...text, description: 'The key or the id of an element' })),
  hub: Type.Optional(Type.String(text)),
  ...pageParameters,
})

const { configuration, settings, warnings, element, ...light } = Instance.properties
const { id, key, name, hub, image, ...described } = element.properties
const optional = <T extends Record<string, (typeof described)[keyof typeof described]>>(given: T) =>
  Object.fromEntries(
    Object.entries(given).map(([member, schema]) => [member, Type.Optional(schema)]),
  )

export const ListedInstance = Type.Object(
  {
    ...light,
    element: Type.Object({ id, key, name, hub, image, ...optional(described) }),
    configuration: Type.Optional(configuration),
    settings: Type.Optional(settings),
    warnings: Type.Optional(warnings),
    lastUsedAt: Type.Optional(
      NullableString({
        format: 'date-time',
        description:
          'With `lastUsed=true`: when one of its tokens was used last, to the minute; `null` where none was',
      }),
    ),
  },
  {
    $id: 'ListedInstance',
    description: 'An instance in a list; with `hydrate=false` without what is optional here',
    examples: [instance],
  },
)

export const listHeaders = {
  ...pageHeaders,
  'Elements-Total-Count': Type.Optional(
    Type.Integer({
      description:
        'How many pass the filters; absent where that would cost more than the page, such as beyond 1,000',
    }),
  ),
}

export const InstanceCount = Type.Object(
  {
    totalInstances: Type.Integer(),
    elementInstances: Type.Record(Type.String(), Type.Integer(), {
      description: 'By the key of the element',
    }),
    complete: Type.Boolean({
      description: 'False: of some element there are more than the 10,000 that were counted',
    }),
  },
  { $id: 'InstanceCount', description: 'How many instances a user has' },
)

export type ListParameters = Partial<Static<typeof listParameters>> &
  Static<typeof elementListParameters>
export type ListedInstance = Omit<
  Static<typeof Instance>,
  'configuration' | 'settings' | 'warnings' | 'element'
> &
  Partial<Pick<Static<typeof Instance>, 'configuration' | 'settings' | 'warnings'>> & {
    element: Pick<Static<typeof Instance>['element'], 'id' | 'key' | 'name' | 'hub' | 'image'>
    lastUsedAt?: string | null
  }
export type InstanceCount = Static<typeof InstanceCount>
export const listModels = [ListedInstance, InstanceCount]
