import ipaddr from 'ipaddr.js'
import { type Db, transaction } from '../database/database.ts'
import { Refusal } from '../http/errors.ts'
import type { Vault } from '../vault/vault.ts'
import {
  clearOldTries,
  countTry,
  forgetTries,
  isCounted,
  rememberSuccess,
  takeBackTry,
  waitOf,
} from './slow-down-store.ts'

/** From so many failed tries on the next one waits: 1 s, 2 s, 4 s and so on. */
const freePerAccount = 5
const freePerAddress = 50
const maxSeconds = 900

/** A try at a password that may go on, and counts as failed until it has succeeded. */
export interface Try {
  succeed(tx: Db): Promise<void>
}

/**
 * Slows down who guesses passwords, by account name and by network address, the same for all
 * replicas; a name that nobody has is slowed down as any other. Nobody is locked out for longer than
 * a quarter of an hour, and a day without a try forgets all. From a network where the account has
 * signed in within the month its tries count apart, so that a stranger elsewhere keeps nobody out.
 * @throws {Refusal} `sign-in-slowed`, with the seconds to wait
 */
export async function admitTry(
  { db, vault }: { db: Db; vault: Vault },
  { email, address }: { email: string; address: string },
): Promise<Try> {
  const from = networkOf(address)
  const network = vault.hash(`address ${from}`).hash
  const familiar = vault.hash(`account ${email} from ${from}`).hash
  const isFamiliar = await isCounted(db, familiar)
  const account = isFamiliar ? familiar : accountSubject(vault, email)
  await clearOldTries(db)
  await transaction(db, async (tx) => {
    // Always in this order, so that no two wait for each other.
    for (const counted of [
      { subject: account, free: freePerAccount },
      { subject: network, free: freePerAddress },
    ]) {
      if (await countTry(tx, { ...counted, maxSeconds })) continue
      throw slowed(await waitOf(tx, counted.subject))
    }
  })
  return {
    async succeed(tx) {
      if (!isFamiliar) await forgetTries(tx, account)
      await rememberSuccess(tx, familiar)
      await takeBackTry(tx, network)
    },
  }
}

/** Lets the person try again at once, such as with a new password. */
export function forgiveTries({ db, vault }: { db: Db; vault: Vault }, email: string) {
  return forgetTries(db, accountSubject(vault, email))
}

function accountSubject(vault: Vault, email: string): Buffer {
  return vault.hash(`account ${email}`).hash
}

/** An IPv4 address, or the 64 bits of an IPv6 address that one customer is given at least. */
function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address
  const known = ipaddr.process(address)
  if (known instanceof ipaddr.IPv4) return known.toString()
  return known.parts.slice(0, 4).join(':')
}

function slowed(seconds: number): Refusal {
  return new Refusal('sign-in-slowed', {
    message: `There were too many failed tries. Wait ${seconds === 1 ? 'a second' : `${seconds} seconds`}, and try again.`,
    retryAfter: seconds,
  })
}
