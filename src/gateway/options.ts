import type { IncomingHttpHeaders } from 'node:http'
import { Refusal } from '../http/errors.ts'

/** What a caller asks of the gateway, and no vendor gets. */
export interface CallOptions {
  /** How long the call may wait for its turn. */
  waitMs: number
  /** How often it may be sent again; left out: what the instance's settings say. */
  retries: number | undefined
}

const defaultSeconds = 30
const mostSeconds = 3600
const mostRetries = 5

/** @throws {Refusal} `gateway-option-invalid` */
export function readOptions(headers: IncomingHttpHeaders): CallOptions {
  const wait = headers['elements-wait-timeout']
  const retry = headers['elements-retry']
  return {
    waitMs: 1000 * (wait === undefined ? defaultSeconds : readWait(String(wait))),
    retries: retry === undefined ? undefined : readRetries(String(retry)),
  }
}

function readWait(text: string): number {
  const seconds = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : Number.NaN
  if (seconds <= mostSeconds) return seconds
  throw invalid('Elements-Wait-Timeout', `a number of seconds, from 0 to ${mostSeconds}`)
}

function readRetries(text: string): number {
  const count = /^\d$/.test(text) ? Number(text) : Number.NaN
  if (count <= mostRetries) return count
  throw invalid('Elements-Retry', `a number from 0 to ${mostRetries}`)
}

function invalid(header: string, wanted: string): Refusal {
  return new Refusal('gateway-option-invalid', `${header} has to be ${wanted}, or left out.`)
}
