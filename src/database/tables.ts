import type { ColumnType, Generated, JSONColumnType } from 'kysely'

type Timestamp = ColumnType<Date, Date | undefined, Date>

/** The columns of every table, as Kysely sees them (its plugin turns snake_case into camelCase). */
export interface Tables {
  organizations: {
    organizationId: number
    name: string
    createdAt: Timestamp
    disabledAt: Date | null
    erasingSince: Date | null
    transferId: Generated<string>
  }
  accounts: {
    organizationId: number
    id: number
    name: string
    description: Generated<string>
    externalId: string | null
    isDefault: Generated<boolean>
    active: Generated<boolean>
    createdAt: Timestamp
    updatedAt: Timestamp
  }
  users: {
    organizationId: number
    id: number
    accountId: number
    email: string
    firstName: Generated<string>
    lastName: Generated<string>
    role: 'user' | 'org-admin'
    active: Generated<boolean>
    createdAt: Timestamp
    updatedAt: Timestamp
  }
  logins: { email: string; organizationId: number; userId: number }
  accessSecrets: {
    organizationId: number
    hash: Buffer
    pepperId: number
    userId: number | null
    secretVersion: Generated<number>
    createdAt: Timestamp
    expiresAt: Date | null
  }
  passwords: { organizationId: number; userId: number; hash: string; changedAt: Timestamp }
  signInTokens: {
    organizationId: number
    hash: Buffer
    pepperId: number
    userId: number
    createdAt: Timestamp
    expiresAt: Date
    bySecrets: boolean
  }
  signInAttempts: { subject: Buffer; failures: number; lastAt: Date; freeAt: Date | null }
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
    expiresAt: Date | null
    lastUsedAt: Date | null
  }
  instanceReferences: {
    organizationId: number
    instanceId: number
    name: string
    url: string | null
    description: string | null
    createdAt: Timestamp
    updatedAt: Timestamp
  }
  verificationRuns: {
    organizationId: number
    id: number
    userId: number
    count: number
    createdAt: Timestamp
    finishedAt: Date | null
    aliveUntil: Date
    expiresAt: Date
  }
  verificationResults: {
    organizationId: number
    runId: number
    instanceId: number
    verdict: string | null
    code: string | null
    message: string | null
    state: string | null
    at: Timestamp
  }
  instanceTags: { organizationId: number; userId: number; tag: string; instanceId: number }
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
  sharedLimits: {
    organizationId: number
    id: Generated<number>
    kind: 'rate-limit' | 'connection-pool'
    userId: number
    name: string
    shared: boolean
    terms: ColumnType<object, string, string>
    revision: Generated<number>
    createdAt: Timestamp
    updatedAt: Timestamp
  }
  oauthApps: {
    organizationId: number
    id: number
    userId: number
    elementId: number
    authenticationType: string
    name: string
    shared: boolean
    clientId: string
    secretVersion: Generated<number>
    createdAt: Timestamp
    updatedAt: Timestamp
  }
  oauthTokens: {
    organizationId: number
    instanceId: number
    version: Generated<number>
    obtainedAt: Timestamp
    expiresAt: Date | null
    holder: string | null
    leaseUntil: Date | null
    sentAt: Date | null
    failures: Generated<number>
    retryAt: Date | null
    problem: string | null
  }
  authorizations: {
    organizationId: number
    id: number
    stateHash: Buffer
    pepperId: number
    userId: number
    elementId: number
    elementVersion: string
    authenticationType: string
    callbackUrl: string
    oauthAppId: number | null
    instanceId: number | null
    connectSessionId: number | null
    browserHash: Buffer | null
    createdAt: Timestamp
    expiresAt: Date
  }
  auditEntries: {
    organizationId: number
    id: Generated<number>
    at: Timestamp
    actor: Generated<'user' | 'operator' | 'service'>
    userId: number | null
    ownerId: number | null
    action: string
    instanceId: number | null
    requestId: string
    address: string | null
    detail: JSONColumnType<Record<string, unknown>>
  }
  exportKeys: {
    organizationId: number
    kid: string
    createdAt: Timestamp
    expiresAt: Date
  }
  importKeys: {
    organizationId: number
    id: number
    userId: number
    kid: string
    publicKey: JSONColumnType<Record<string, unknown>>
    createdAt: Timestamp
    expiresAt: Date
  }
  imports: {
    organizationId: number
    userId: number
    source: string
    sourceId: number
    instanceId: number | null
    holder: string | null
    leaseUntil: Date | null
    createdAt: Timestamp
  }
  retentionSettings: { organizationId: number; kind: string; days: number }
  connectSessions: {
    organizationId: number
    id: number
    userId: number
    elements: JSONColumnType<{ id: number; key: string }[]>
    elementId: number | null
    instanceId: number | null
    reconnects: boolean
    request: JSONColumnType<Record<string, unknown>>
    externalId: string | null
    allowedOrigin: string
    returnUrl: string | null
    status: Generated<'pending' | 'opened' | 'succeeded' | 'failed' | 'cancelled'>
    statusReason: string | null
    attempts: Generated<number>
    linkHash: Buffer
    pageHash: Buffer | null
    ticketHash: Buffer | null
    ticketUntil: Date | null
    pepperId: number
    createdAt: Timestamp
    expiresAt: Date
    finishedAt: Date | null
  }
  webhooks: {
    organizationId: number
    id: number
    url: string
    events: string[]
    description: Generated<string>
    active: Generated<boolean>
    inactiveReason: string | null
    secretVersion: Generated<number>
    previousUntil: Date | null
    failures: Generated<number>
    failingSince: Date | null
    pausedUntil: Date | null
    createdAt: Timestamp
    updatedAt: Timestamp
  }
  webhookDeliveries: {
    organizationId: number
    webhookId: number
    id: number
    instanceId: number
    type: string
    data: JSONColumnType<Record<string, unknown>>
    state: Generated<'waiting' | 'delivered' | 'dead'>
    attempts: Generated<number>
    tries: Generated<number>
    queuedAt: Timestamp
    createdAt: Timestamp
    finishedAt: Date | null
  }
  webhookAttempts: {
    organizationId: number
    webhookId: number
    deliveryId: number
    number: number
    at: Timestamp
    status: number | null
    durationMs: number
    failureKind: string | null
    failureMessage: string | null
    answer: string | null
  }
  webhookLanes: { organizationId: number; webhookId: number; instanceId: number; nextAt: Timestamp }
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
