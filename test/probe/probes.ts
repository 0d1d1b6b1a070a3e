import { setImmediate as turn } from 'node:timers/promises'
import { ProbeAdmission } from '../../src/probe/admission.ts'

/** Probes that go on until they are let end. */
export class Probes {
  readonly admission = new ProbeAdmission()
  readonly running: { name: string; end: PromiseWithResolvers<string> }[] = []
  readonly started: string[] = []
  most = 0

  run(name: string, organization: number, host: string): Promise<string> {
    const result = this.admission.run(organization, (admit) =>
      admit(host, async () => {
        const end = Promise.withResolvers<string>()
        this.running.push({ name, end })
        this.started.push(name)
        this.most = Math.max(this.most, this.running.length)
        return end.promise
      }),
    )
    result.catch(() => {})
    return result
  }

  async end(how: 'well' | 'badly' = 'well') {
    const { name, end } = this.running.shift()!
    if (how === 'well') end.resolve(name)
    else end.reject(new Error(`${name} failed`))
    await turn()
  }

  async endAll() {
    while (this.running.length > 0) await this.end()
  }
}
