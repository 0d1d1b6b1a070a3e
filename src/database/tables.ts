import type { ColumnType, Generated, JSONColumnType } from 'kysely'

type Timestamp = ColumnType<Date, Date | undefined, Date>

/** The columns of every table, as Kysely sees them (its plugin turns snake_case into camelCase). */
export interface Tables {
  organizations: {
    organizationId: number
    name: string
    createdAt: Timestamp
    disabledAt: Date | null
  }
  users: {
    organizationId: number
    id: number
    email: string
    firstName: Generated<string>
    lastName: Generated<string>
    role: 'user' | 'org-admin'
    active: Generated<boolean>
    createdAt: Timestamp
  }
  logins: { email: string; organizationId: number; userId: number }
  accessSecrets: {
    organizationId: number
    hash: Buffer
    pepperId: number
    userId: number | null
    secretVersion: Generated<number>
    createdAt: Timestamp
  }
  peppers: { id: number; kekId: string; wrapped: string; createdAt: Timestamp }
  dataKeys: {
    organizationId: number
    id: number
    kekId: string
    wrapped: string
    createdAt: Timestamp
  }
  secrets: {
    organizationId: number
    owner: string
    entry: string
    secretVersion: number
    origins: string[]
    dataKeyId: number
    sealed: string
    createdAt: Timestamp
  }
  keyRotations: {
    id: Generated<number>
    kekId: string
    startedAt: Timestamp
    finishedAt: Date | null
  }
  elementVersions: {
    elementId: number
    version: string
    key: string
    definition: JSONColumnType<Record<string, unknown>>
    createdAt: Timestamp
  }
  ownElements: {
    organizationId: number
    id: number
    key: string
    version: string
    name: string
    hub: string
    description: string
    size: number
    active: Generated<boolean>
    userId: number | null
    createdAt: Timestamp
    updatedAt: Timestamp
  }
  ownElementVersions: {
    organizationId: number
    elementId: number
    version: string
    definition: JSONColumnType<Record<string, unknown>>
    createdAt: Timestamp
  }
  installedElements: {
    organizationId: number
    elementId: number
    version: string
    userId: number | null
    installedAt: Timestamp
  }
  instanceTokens: {
    organizationId: number
    hash: Buffer
    pepperId: number
    instanceId: number
    secretVersion: Generated<number>
    createdAt: Timestamp
  }
  certificates: {
    organizationId: number
    id: number
    userId: number
    name: string
    shared: boolean
    subject: string
    issuer: string
    serial: string
    fingerprint: string
    notBefore: Date
    notAfter: Date
    keyKind: string
    chainState: 'complete' | 'incomplete' | 'self-signed'
    remarks: ('without-mac' | 'several-keys')[]
    secretVersion: Generated<number>
    createdAt: Timestamp
    updatedAt: Timestamp
  }
  certificateUses: { organizationId: number; certificateId: number; instanceId: number }
  idempotencyClaims: {
    organizationId: number
    userId: number
    route: string
    key: string
    holder: string
    pepperId: number
    fingerprint: Buffer
    expiresAt: Date
    dataKeyId: number | null
    sealed: string | null
  }
}
