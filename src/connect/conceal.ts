import type { Authentication } from '../authentication/authentication.ts'
import { checkConfiguration } from '../definition/configuration.ts'
import type { Element } from '../definition/element.ts'
import { secretMask } from '../exchange/template.ts'
import { problems, Refusal, type RefusalDetails } from '../http/errors.ts'
import type { Exchange } from '../probe/exchange.ts'
import { createScrub, type Scrub } from '../probe/scrub.ts'
import type { Preset } from './preset.ts'

const maxText = 16 * 1024
const shortestSought = 4

/**
 * The refusal as a customer may see it: without what the client app set beforehand, in the exchange
 * with the vendor too. What is too short to be found for certain takes the text with it.
 */
export function concealPreset(refusal: Refusal, values: readonly string[]): Refusal {
  if (values.length === 0) return refusal
  const scrub = createScrub(values)
  // Our own words hold a short text by chance alone.
  const scrubOwn = createScrub(values.filter((value) => [...value].length >= shortestSought))
  const { message, providerMessage, probe, ...rest } = refusal.details
  const details: RefusalDetails = {
    ...rest,
    message: scrubOwn(message, maxText) ?? `${problems[refusal.code].title}.`,
    providerMessage: providerMessage && scrub(providerMessage, maxText),
    probe: probe && concealExchange(probe as Exchange, scrub),
  }
  return new Refusal(refusal.code, details)
}

/** The texts of a preset, and what the element derives of them alone. */
export function textsOf(
  element: Element,
  authentication: Authentication,
  preset: Preset,
): string[] {
  const { values } = checkConfiguration(element, authentication, preset)
  const derived = element.entries
    .filter((entry) => entry.derived !== undefined)
    .flatMap(({ key }) => values.get(key) ?? [])
  const given = Object.values(preset).filter(
    (value) => typeof value === 'string' || typeof value === 'number',
  )
  const texts = [...given.map(String), ...derived].map((text) => text.trim())
  return texts.filter((text) => text !== '' && text !== secretMask)
}

function concealExchange(exchange: Exchange, scrub: Scrub): Exchange {
  const { request, response, failure } = exchange
  return {
    ...exchange,
    request: {
      ...request,
      url: scrub(request.url, maxText) ?? secretMask,
      headers: concealAll(request.headers, scrub),
      body: conceal(request.body, scrub),
    },
    response: response && {
      ...response,
      headers: concealAll(response.headers, scrub),
      body: conceal(response.body, scrub),
    },
    failure: failure && { ...failure, message: scrub(failure.message, maxText) ?? secretMask },
  }
}

function conceal(text: string | null, scrub: Scrub): string | null {
  return text === null ? null : (scrub(text, maxText) ?? null)
}

function concealAll(headers: Record<string, string>, scrub: Scrub): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, scrub(value, maxText) ?? secretMask]),
  )
}
