import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { VendorReport } from '../limits/harness/measuring-vendor.ts'

/** A vendor in a process of its own, which counts its calls by a clock that nothing here slows. */
export interface MeasuringVendor extends AsyncDisposable {
  url: string
  /** What it saw since it was last asked. */
  report(): Promise<VendorReport>
}

export async function startMeasuringVendor(): Promise<MeasuringVendor> {
  const file = join(import.meta.dirname, '../limits/harness/measuring-vendor.ts')
  const child = fork(file)
  const [port] = await once(child, 'message')
  const url = `http://127.0.0.1:${port}`
  return {
    url,
    report: async () => (await (await fetch(`${url}/report`)).json()) as VendorReport,
    async [Symbol.asyncDispose]() {
      child.kill()
      await once(child, 'exit')
    },
  }
}
