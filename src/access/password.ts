import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import PQueue from 'p-queue'
import { Refusal } from '../http/errors.ts'

/** KiB, passes and lanes: the least that OWASP's password storage cheat sheet asks for. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 }
const saltBytes = 16
const tagBytes = 32
const atOnce = 2
const maxWaiting = 64

type Cost = typeof cost

const derive = promisify<'argon2id', Argon2Parameters, Buffer>(argon2)

/**
 * Hashes passwords of people with argon2id (RFC 9106), off the main thread and two at once, since
 * each takes 19 MiB for a while.
 */
export class Passwords {
  readonly #queue = new PQueue({ concurrency: atOnce })
  readonly #decoy = encode(cost, randomBytes(saltBytes), randomBytes(tagBytes))

  /**
   * Before anything counts as a try at a password.
   * @throws {Refusal} `passwords-busy`
   */
  requireRoom() {
    if (this.#queue.size >= maxWaiting) throw busy()
  }

  /**
   * The hash with its parameters, in the PHC string format.
   * @throws {Refusal} `passwords-busy`
   */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(saltBytes)
    return encode(cost, salt, await this.#derive(password, cost, salt, tagBytes))
  }

  /**
   * Whether it is the password, and whether its hash was made with other parameters than today's.
   * Without a hash it never is, which takes as long.
   * @throws {Refusal} `passwords-busy`
   */
  async compare(password: string, hash: string | undefined) {
    const known = decode(hash ?? this.#decoy)
    const tag = await this.#derive(password, known.cost, known.salt, known.tag.length)
    const matches = timingSafeEqual(tag, known.tag) && hash !== undefined
    return { matches, outdated: matches && !isCurrent(known.cost) }
  }

  async #derive(
    password: string,
    { memory, passes, parallelism }: Cost,
    salt: Buffer,
    bytes: number,
  ) {
    this.requireRoom()
    const message = Buffer.from(password.normalize('NFKC'))
    const parameters = { message, nonce: salt, memory, passes, parallelism, tagLength: bytes }
    return this.#queue.add(() => derive('argon2id', parameters))
  }
}

function isCurrent({ memory, passes, parallelism }: Cost): boolean {
  return memory === cost.memory && passes === cost.passes && parallelism === cost.parallelism
}

function encode({ memory, passes, parallelism }: Cost, salt: Buffer, tag: Buffer): string {
  const text = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${text(salt)}$${text(tag)}`
}

const shape = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

function decode(hash: string): { cost: Cost; salt: Buffer; tag: Buffer } {
  const [, memory, passes, parallelism, salt = '', tag = ''] = shape.exec(hash) ?? []
  if (!tag) throw new Error('what is stored as the hash of a password is none')
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

function busy(): Refusal {
  return new Refusal('passwords-busy', {
    message: 'Too many passwords are being checked at once. Try again in a moment.',
    retryAfter: 1,
  })
}
