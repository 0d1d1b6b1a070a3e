import { Stackless } from './stackless.ts'

/** Every refusal that the API can answer: its status and title. `message` is said where it is refused. */
export const problems = {
  'access-missing': { status: 401, title: 'Authorization is missing or malformed' },
  'user-unknown': { status: 401, title: 'Unknown User secret' },
  'organization-unknown': { status: 401, title: 'Unknown Organization secret' },
  'element-unknown': { status: 401, title: 'Unknown Element token' },
  'connect-key-unknown': { status: 401, title: 'The page has no session' },
  'bearer-unknown': { status: 401, title: 'Unknown bearer token' },
  'sign-in-refused': { status: 401, title: 'Unknown user name or password' },
  'bearer-missing': { status: 400, title: 'There is nothing to sign out' },
  'password-unfit': { status: 400, title: 'The password cannot be used' },
  'role-unknown': { status: 400, title: 'No such role' },
  'password-wrong': { status: 403, title: 'The password is wrong' },
  'account-not-found': { status: 404, title: 'No such account' },
  'user-not-found': { status: 404, title: 'No such user' },
  'role-not-given': { status: 404, title: 'The user does not have this role' },
  'role-given': { status: 409, title: 'The user has this role already' },
  'role-basic': { status: 409, title: 'Every user has this role' },
  'email-taken': { status: 409, title: 'The e-mail address cannot be used' },
  'account-in-use': { status: 409, title: 'The account has users' },
  'account-default': { status: 409, title: 'It is the default account' },
  'user-in-use': { status: 409, title: 'The user has instances' },
  'last-admin': { status: 409, title: 'The organization needs an admin' },
  'sign-in-slowed': { status: 429, title: 'Too many failed tries' },
  'passwords-busy': { status: 429, title: 'Too many passwords at once' },
  'operator-unknown': { status: 401, title: 'Unknown operator key' },
  'metrics-token-unknown': { status: 401, title: 'Unknown token for the metrics' },
  'body-invalid': { status: 400, title: 'The request body is not as described' },
  'parameters-invalid': { status: 400, title: 'A parameter is not as described' },
  'name-missing': { status: 400, title: 'The instance needs a name' },
  'name-too-long': { status: 400, title: 'The name is too long' },
  'tags-too-many': { status: 400, title: 'Too many tags' },
  'tag-too-long': { status: 400, title: 'A tag is too long' },
  'configuration-too-large': { status: 400, title: 'The configuration is too large' },
  'configuration-incomplete': { status: 400, title: 'Required configuration is missing' },
  'configuration-invalid': { status: 400, title: 'The configuration cannot be used' },
  'settings-invalid': { status: 400, title: 'The settings cannot be used' },
  'element-missing': { status: 400, title: 'No element is named' },
  'definition-invalid': { status: 400, title: 'The definition cannot be used' },
  'authentication-unclear': { status: 400, title: 'The type of authentication is not clear' },
  'destination-forbidden': { status: 400, title: 'The address is not allowed' },
  'credentials-rejected': { status: 400, title: 'The vendor rejected the credentials' },
  'credentials-insufficient': { status: 400, title: 'The vendor grants too few rights' },
  'vendor-misdirected': { status: 400, title: 'The address is not the one of this vendor' },
  'oauth-code-missing': { status: 400, title: 'The consent at the vendor is missing' },
  'oauth-state-missing': { status: 400, title: 'The state of the redirect is missing' },
  'oauth-state-invalid': { status: 400, title: 'The redirect belongs to no consent under way' },
  'oauth-client-different': { status: 400, title: 'The code belongs to another OAuth client' },
  'oauth-flow-different': { status: 400, title: 'The element is authorized in another way' },
  'oauth-code-untriable': { status: 400, title: 'A code cannot be tried' },
  'consent-refused': { status: 400, title: 'The vendor did not grant the consent' },
  'oauth-app-unclear': { status: 400, title: 'Several app profiles fit' },
  'oauth-app-unfit': { status: 400, title: 'The app profile is not for this' },
  'oauth-app-origins-missing': { status: 400, title: 'The origins of the app are not known' },
  'certificate-passphrase-wrong': { status: 400, title: 'The passphrase is wrong' },
  'certificate-unsupported': { status: 400, title: 'The certificate is of an unsupported kind' },
  'certificate-corrupt': { status: 400, title: 'The certificate cannot be read' },
  'certificate-incomplete': { status: 400, title: 'Certificate or private key is missing' },
  'certificate-key-mismatch': { status: 400, title: 'The key is not that of the certificate' },
  'certificate-too-large': { status: 400, title: 'The certificate is too large' },
  'certificate-too-costly': { status: 400, title: 'The certificate takes too long to open' },
  'role-insufficient': { status: 403, title: 'Your role may not do this' },
  'certificate-not-found': { status: 404, title: 'No such certificate' },
  'certificate-in-use': { status: 409, title: 'Instances use the certificate' },
  'oauth-app-not-found': { status: 404, title: 'No such app profile' },
  'oauth-app-in-use': { status: 409, title: 'Instances use the app profile' },
  'certificates-busy': { status: 429, title: 'Too many certificates at once' },
  'rate-limit-not-found': { status: 404, title: 'No such rate limit' },
  'rate-limit-in-use': { status: 409, title: 'Instances name the rate limit' },
  'connection-pool-not-found': { status: 404, title: 'No such connection pool' },
  'connection-pool-in-use': { status: 409, title: 'Instances name the connection pool' },
  'limit-queue-full': { status: 429, title: 'Too many calls wait' },
  'limit-wait-over': { status: 429, title: 'The call waited in vain' },
  'organization-not-found': { status: 404, title: 'No such organization' },
  'organization-erasing': { status: 409, title: 'The organization is being erased' },
  'user-sharing': { status: 409, title: 'Others use what the user shares' },
  'element-not-found': { status: 404, title: 'No such element' },
  'hub-not-found': { status: 404, title: 'No such hub' },
  'element-key-taken': { status: 409, title: 'Another element has this key' },
  'element-not-own': { status: 409, title: 'The element belongs to the catalogue' },
  'element-in-use': { status: 409, title: 'Instances use the element' },
  'element-inactive': { status: 409, title: 'The element is not active' },
  'elements-too-many': { status: 409, title: 'Too many elements of your own' },
  'element-not-installed': { status: 409, title: 'The element is not installed' },
  'element-update-breaks': { status: 409, title: 'The update would break instances' },
  'definition-too-large': { status: 413, title: 'The definition is too large' },
  'connect-session-not-found': { status: 404, title: 'No such connect session' },
  'connect-session-over': { status: 410, title: 'The connect session has ended' },
  'connect-link-used': { status: 410, title: 'The link has been used' },
  'connect-link-unknown': { status: 404, title: 'The link is not known' },
  'reconnect-required': { status: 409, title: 'The instance has to be connected anew' },
  'webhook-not-found': { status: 404, title: 'No such webhook' },
  'webhook-delivery-not-found': { status: 404, title: 'No such delivery' },
  'webhooks-too-many': { status: 409, title: 'Too many webhooks' },
  'webhook-busy': { status: 429, title: 'Too much is being sent there' },
  'instance-not-found': { status: 404, title: 'No such instance' },
  'instance-entry-not-found': { status: 404, title: 'The instance has no such entry' },
  'instance-disabled': { status: 403, title: 'The instance is disabled' },
  'instance-draft': { status: 409, title: 'The instance is a draft' },
  'instance-in-use': { status: 409, title: 'The instance is in use' },
  'reference-not-found': { status: 404, title: 'The instance has no such reference' },
  'references-too-many': { status: 409, title: 'Too many references' },
  'replacement-unfit': { status: 409, title: 'The instance cannot take the place of the other' },
  'verification-not-found': { status: 404, title: 'No such verification' },
  'verifications-too-many': { status: 429, title: 'Too many verifications at once' },
  'verification-too-large': { status: 400, title: 'Too many instances at once' },
  'instance-busy': { status: 409, title: 'Others change the instance at the same time' },
  'instance-changed': { status: 412, title: 'The instance was changed meanwhile' },
  'public-key-unfit': { status: 400, title: 'The public key cannot be used' },
  'export-key-untrusted': { status: 403, title: 'Nothing may leave for this key' },
  'export-key-not-found': { status: 404, title: 'No such export key' },
  'import-key-not-found': { status: 404, title: 'No such import key' },
  'import-key-expired': { status: 410, title: 'The import key has expired' },
  'import-keys-too-many': { status: 409, title: 'Too many import keys' },
  'import-altered': { status: 422, title: 'The line is not as it was exported' },
  'route-not-found': { status: 404, title: 'No such route' },
  'method-not-allowed': { status: 405, title: 'The method is not for this path' },
  'not-acceptable': { status: 406, title: 'The answer would not be accepted' },
  'request-in-progress': { status: 409, title: 'The same request is still under way' },
  'request-late': { status: 408, title: 'The request did not come in time' },
  'body-too-large': { status: 413, title: 'The request body is too large' },
  'media-type-unsupported': { status: 415, title: 'The request body is not JSON' },
  'idempotency-key-reused': {
    status: 422,
    title: 'The idempotency key belongs to another request',
  },
  'idempotency-key-invalid': { status: 400, title: 'The idempotency key cannot be used' },
  'secrets-required': { status: 422, title: 'Secrets have to be sent again' },
  'probes-busy': { status: 429, title: 'Too many checks at once' },
  'header-too-large': { status: 431, title: 'The request headers are too large' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  'vendor-unreachable': { status: 502, title: 'The vendor cannot be reached' },
  'gateway-option-invalid': { status: 400, title: 'A header for the gateway is malformed' },
  'placeholder-invalid': { status: 400, title: 'A placeholder in the query is malformed' },
  'request-unsignable': { status: 400, title: 'The request cannot carry the credentials' },
  'body-too-large-to-sign': { status: 413, title: 'The body is too large to be signed' },
  'bodies-busy': { status: 429, title: 'Too many bodies are held at once' },
  'call-not-found': { status: 404, title: 'There is no such call' },
  'call-not-waiting': { status: 409, title: 'The call does not wait any more' },
  'call-too-old': { status: 504, title: 'The call could not be sent in time' },
  'call-too-large': { status: 413, title: 'The body is too large to be kept' },
  'calls-too-many': { status: 429, title: 'Too many calls wait already' },
  'calls-busy': { status: 429, title: 'Too many calls are in flight' },
  'vendor-suspended': { status: 503, title: 'The vendor is left alone for a while' },
  'gateway-path-invalid': { status: 400, title: 'The path cannot be called through the gateway' },
  'vendor-unexpected': { status: 502, title: 'The vendor answered in an unexpected way' },
  'vendor-throttled': { status: 503, title: 'The vendor asks us to wait' },
  'outcome-unknown': { status: 503, title: 'It is not known whether it was done' },
  unavailable: { status: 503, title: 'The service cannot work right now' },
  'vendor-late': { status: 504, title: 'The vendor did not answer in time' },
} as const

export type ProblemCode = keyof typeof problems

/** What a refusal carries besides its code, as *problem details* (RFC 9457, section 3.2). */
export interface RefusalDetails {
  /** Says what to do next. */
  message: string
  providerMessage?: string | undefined
  missing?: { key: string; name: string }[] | undefined
  invalid?: { key: string; reason: string }[] | undefined
  unknown?: { key: string; nearest: string }[] | undefined
  choices?: string[] | undefined
  /** What uses the thing, as far as the caller may see it. */
  references?:
    | {
        id?: number
        name: string
        url?: string | null
        description?: string | null
        reasons?: { key: string; reason: string }[]
      }[]
    | undefined
  probe?: object | undefined
  /** The queue of calls; the longest wait in seconds. */
  limit?: { waiting: number; longestWait: number } | undefined
  /** Seconds, sent as `Retry-After`. */
  retryAfter?: number | undefined
}

/** Thrown anywhere in a request; the error handler renders it. */
export class Refusal extends Stackless {
  readonly code: ProblemCode
  readonly details: RefusalDetails

  constructor(code: ProblemCode, details: RefusalDetails | string) {
    const given = typeof details === 'string' ? { message: details } : details
    super(given.message)
    this.code = code
    this.details = given
  }
}
