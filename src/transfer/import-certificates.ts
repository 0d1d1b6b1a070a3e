import type { Principal } from '../access/store.ts'
import { removeCertificate } from '../certificates/remove.ts'
import { type MovedCertificate, settleCertificate } from '../certificates/transfer.ts'
import type { Context } from '../context.ts'
import { Refusal } from '../http/errors.ts'

interface Asked {
  principal: Principal
  requestId: string
  address: string
}

/** The certificates that come along with the lines of one request: each once, however many name it. */
export class ImportedCertificates implements AsyncDisposable {
  readonly #context: Context
  readonly #settled = new Map<string, ReturnType<typeof settleCertificate>>()
  #asked: Asked | undefined

  constructor(context: Context) {
    this.#context = context
  }

  /** @returns the id that it has here */
  async settle(asked: Asked, moved: MovedCertificate): Promise<number> {
    this.#asked = asked
    const name = JSON.stringify([moved.fingerprint, moved.origins])
    const settled = this.#settled.get(name) ?? settleCertificate(this.#context, asked, moved)
    this.#settled.set(name, settled)
    settled.catch(() => this.#settled.delete(name))
    return (await settled).id
  }

  /** Those that no instance came to use go again. */
  async [Symbol.asyncDispose]() {
    const settled = await Promise.allSettled(this.#settled.values())
    for (const one of settled) {
      if (one.status !== 'fulfilled' || !one.value.added) continue
      await this.#remove(one.value.id)
    }
  }

  async #remove(id: number) {
    try {
      await removeCertificate(this.#context, { ...this.#asked!, id })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
    }
  }
}
