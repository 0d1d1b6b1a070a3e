import { readFileSync } from 'node:fs'
import { checkConfiguration, type Scalar } from '../../src/definition/configuration.ts'
import { type Element, parseElement } from '../../src/definition/element.ts'
import { createEgress, type Egress } from '../../src/egress/client.ts'
import { type ProbeResult, probeVendor } from '../../src/probe/probe.ts'
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts'

/** The stand-in vendor and the way to it. */
export interface Vendor extends AsyncDisposable {
  sandbox: Sandbox
  egress: Egress
  /** The probe of a configuration that is complete. */
  probe(element: Element, given: Record<string, Scalar>): Promise<ProbeResult>
}

export const longSecret = 'Vo8#kq<2&"x\'long-and-unique-secret-61c1'

export async function startVendor(): Promise<Vendor> {
  const sandbox = await startSandbox({
    logins: [
      { id: 'api2', password: longSecret },
      { id: 'api3', password: 'without-any-right' },
    ],
  })
  const egress = createEgress({ allow: [`127.0.0.1:${sandbox.port}`] })
  return {
    sandbox,
    egress,
    probe(element, given) {
      const authentication = element.authentications[0]!
      const { values, secretKeys, missing, invalid } = checkConfiguration(
        element,
        authentication,
        given,
      )
      if (missing.length + invalid.length > 0) throw new Error(JSON.stringify({ missing, invalid }))
      return probeVendor(egress, { element, authentication, values, secretKeys })
    },
    async [Symbol.asyncDispose]() {
      await egress[Symbol.asyncDispose]()
      await sandbox.stop()
    },
  }
}

export function readDefinition(key: string): Element {
  const file = new URL(`../../src/elements/definitions/${key}.json`, import.meta.url)
  return parseElement(JSON.parse(readFileSync(file, 'utf8')), key)
}
