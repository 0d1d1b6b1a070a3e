import { keyOf } from '../authentication/authentication.ts'
import type { Context } from '../context.ts'
import type { Scalar } from '../definition/configuration.ts'
import type { Refusal } from '../http/errors.ts'
import type { ProvisionRequest } from '../instances/provision.ts'
import { readAnswers } from './answers.ts'
import { concealPreset, textsOf } from './conceal.ts'
import { connectNow } from './connect.ts'
import { type Form, readForms } from './form.ts'
import { overRefusal, refuseOver } from './link.ts'
import type { ConnectAnswers } from './page-schema.ts'
import { type Preset, presetFor, readPreset } from './preset.ts'
import { countAttempt, endSession, findOpenSession } from './progress-store.ts'
import type { OpenSession } from './session.ts'

/** What a customer sends from the page. */
export interface Submission {
  session: OpenSession
  answers: ConnectAnswers
  requestId: string
  address: string
  note: ProvisionRequest['note']
}

/** What a customer filled in, with what was set beforehand. */
export interface Filled {
  form: Form
  configuration: Record<string, Scalar>
  conceal(refusal: Refusal): Refusal
}

/**
 * Tries what a customer filled in, and stores it where the vendor accepts it.
 * @throws {Refusal} fit for the customer
 */
export async function submit(context: Context, submission: Submission): Promise<void> {
  const { session, requestId, address, note } = submission
  const { form, configuration, conceal } = await readSubmission(context, submission)
  const { known, authentication } = form
  await connectNow(context, session, {
    element: known.element,
    authenticationType: keyOf(authentication),
    configuration,
    requestId,
    address,
    note,
    conceal,
  })
}

/**
 * Reads what was filled in, and counts it as an attempt: there are not many in one session.
 * @throws {Refusal} `connect-session-over`, and for what was not asked for
 */
export async function readSubmission(
  context: Context,
  { session, answers }: Pick<Submission, 'session' | 'answers'>,
): Promise<Filled> {
  refuseOver(session)
  const preset = await readPreset(context, session)
  const { form, given } = readAnswers(await readForms(context, session, preset), answers)
  const { element } = form.known
  if (!(await countAttempt(context.db, session, element.id))) throw await spent(context, session)
  const set = presetFor(element, preset)
  return { form, configuration: { ...given, ...set }, conceal: concealing(form, set) }
}

function concealing({ known, authentication, before }: Form, preset: Preset) {
  const all = { ...before, ...preset }
  return (refusal: Refusal) => concealPreset(refusal, textsOf(known.element, authentication, all))
}

async function spent({ db }: Pick<Context, 'db'>, session: OpenSession): Promise<Refusal> {
  await endSession(db, session, 'failed', 'It was tried too often without success.')
  const now = await findOpenSession(db, session.organizationId, { id: session.id })
  return overRefusal(now ?? session)
}
