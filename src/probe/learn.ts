import { openSession } from '../authentication/login.ts'
import { isSecretOfSession } from '../authentication/session.ts'
import type { Session } from '../authentication/sessions.ts'
import type { Element } from '../definition/element.ts'
import { baseUrlOf } from '../exchange/address.ts'
import type { Answer } from '../exchange/condition.ts'
import { extractAll } from '../exchange/extract.ts'
import type { Values } from '../exchange/request.ts'
import { RenderError } from '../exchange/template.ts'
import type { Judgement } from './judge.ts'
import { secretsOf } from './masking.ts'
import type { Credentials, ProbeStep } from './request.ts'
import { createScrub } from './scrub.ts'

/** What a good answer tells. */
export interface Learnt {
  /** With what was told. */
  credentials: Credentials
  session?: Session | undefined
  /** Where the answer, good as it looked, is of no use. */
  objection?: Judgement | undefined
}

/** Takes from a good answer what later steps and the instance need. */
export function learn(
  credentials: Credentials,
  { step, login }: ProbeStep,
  answer: Answer,
): Learnt {
  if (!login && !step.extract) return { credentials }
  const { element, values } = credentials
  const { found, lost } = extractAll(step, answer, values)
  const session = login && openSession(login, answer, values)
  const learnt = new Map([...values, ...found, ...(session?.values ?? [])])
  const ofSession = [...learnt.keys()].filter(isSecretOfSession)
  const secretKeys = new Set([...credentials.secretKeys, ...ofSession])
  const open = [...found].filter(([key]) => !secretKeys.has(key))
  const objection =
    objectToLoss(element, lost) ??
    (login && !session ? objectToSession(element) : undefined) ??
    objectToEcho(credentials, open) ??
    objectToAddress(element, learnt, found)
  return { credentials: { ...credentials, values: learnt, secretKeys }, session, objection }
}

function objectToLoss({ name }: Element, lost: string[]): Judgement | undefined {
  if (lost.length === 0) return undefined
  return {
    verdict: 'unexpected',
    message: `${name} accepted the request, but its answer lacks what is needed to go on (${lost.join(', ')}). See the details of the answer.`,
  }
}

function objectToSession({ name }: Element): Judgement {
  return {
    verdict: 'unexpected',
    message: `${name} accepted the request, but answers something that no other request can carry, such as a line break. See the details of the answer.`,
  }
}

/** What is no secret is stored and answered as it is: a secret that comes back must not be in it. */
function objectToEcho(
  credentials: Credentials,
  open: [key: string, value: string][],
): Judgement | undefined {
  if (open.length === 0) return undefined
  const scrub = createScrub(secretsOf(credentials))
  const echoed = open.find(([, value]) => (scrub(value, value.length) ?? value) !== value)
  if (!echoed) return undefined
  return {
    verdict: 'unexpected',
    message: `${credentials.element.name} answers a secret as "${echoed[0]}", where everyone could read it. See the details of the answer.`,
  }
}

/** What a vendor tells must not lead anywhere that the definition does not allow. */
function objectToAddress(element: Element, values: Values, told: Values): Judgement | undefined {
  for (const entry of element.entries.filter(({ key }) => told.has(key))) {
    try {
      if (entry.type === 'url') baseUrlOf({ baseUrl: `{${entry.key}}`, entries: [entry] }, values)
    } catch (error) {
      if (!(error instanceof RenderError)) throw error
      return {
        verdict: 'misdirected',
        message: `${element.name} names an address as "${entry.name}" that cannot be used: it ${error.message}.`,
      }
    }
  }
  return undefined
}
