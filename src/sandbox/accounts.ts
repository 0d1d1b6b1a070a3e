/** The only company that the stand-in vendor hosts. */
export const company = 'company_f'

/** The versions it answers under; the second is accepted by every real installation. */
export const codebases = ['v2015_3', 'v4_6_release']

/** An integrator login. A restricted one is known, and has none of the API rights. */
export interface Login {
  id: string
  password: string
  restricted?: boolean
}

export type Standing = 'full' | 'restricted' | 'unknown'

/** The integrator logins: `api1`/`api1`, and those given. `api3` is restricted unless it says otherwise. */
export class Accounts {
  readonly #logins = new Map<string, Login>([['api1', { id: 'api1', password: 'api1' }]])

  constructor(logins: Login[]) {
    for (const login of logins) this.#logins.set(login.id, login)
  }

  integrator(id: string, password: string): Standing {
    const login = this.#logins.get(id)
    if (login === undefined || login.password !== password) return 'unknown'
    return (login.restricted ?? id === 'api3') ? 'restricted' : 'full'
  }

  key(publicKey: string, privateKey: string): Standing {
    if (publicKey === 'sandbox-public' && privateKey === 'sandbox-private') return 'full'
    if (publicKey === 'sandbox-limited' && privateKey === 'sandbox-limited') return 'restricted'
    return 'unknown'
  }
}
