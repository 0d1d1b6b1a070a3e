import { cancel, getForm, getState, openLink, Problem, provision, readKey } from './api.js'
import { introduce } from './appearance.js'
import { leave, openWindow, stopWatching } from './consent.js'
import { makeDetails } from './details.js'
import { make } from './entry.js'
import { finish } from './finish.js'
import { makeForm } from './form.js'
import { makeChoice, makeChoices, makeHead, makePlain, show, tell } from './screen.js'

/** What was typed, by element and authentication, so that nothing is typed twice. */
const typed = new Map()
let session

start()

async function start() {
  try {
    const link = location.hash.slice(1)
    // Out of the address bar and the history, whatever becomes of it.
    if (link) history.replaceState(null, '', location.pathname)
    if (link) await open(link)
    session = await getForm()
    introduce(session)
    if (session.status !== 'opened') return end(session)
    chooseElement()
    if (session.statusReason) tell(session.statusReason, true)
  } catch (error) {
    show('This does not work', [])
    tell(wordsOf(error), true)
  }
}

/** The tab that opened the link goes on, also where the link is clicked in it once more. */
async function open(link) {
  try {
    await openLink(link)
  } catch (error) {
    if (!readKey() || error.problem?.code !== 'connect-link-used') throw error
  }
}

function chooseElement() {
  stopWatching()
  const { elements } = session
  if (elements.length === 1) return chooseAuthentication(elements[0])
  if (elements.length === 0) {
    show('Nothing to connect', [makeCancel()])
    return tell('What was to be connected is not offered any more. Ask for a new link.', true)
  }
  const choices = elements.map((one) => makeChoice(one, () => chooseAuthentication(one)))
  show('What do you want to connect?', [makeChoices(choices), makeCancel()])
}

function chooseAuthentication(element) {
  const { authentications, name } = element
  if (authentications.length === 1) return fillIn(element, authentications[0])
  const choices = authentications.map((one) =>
    makeChoice({ name: one.name, description: one.help }, () => fillIn(element, one)),
  )
  const back = session.elements.length > 1 ? makePlain('Back', chooseElement) : null
  const nodes = [makeHead(element), makeChoices(choices), back, makeCancel()]
  show(`How do you log in to ${name}?`, nodes)
}

function fillIn(element, authentication) {
  stopWatching()
  const memory = `${element.id} ${authentication.key}`
  const submit = () => send(element, authentication, form, memory)
  const isAnew = session.reconnects
  const form = makeForm(element, authentication, typed.get(memory) ?? {}, { submit, isAnew })
  const several = element.authentications.length > 1
  const before = several ? () => chooseAuthentication(element) : chooseElement
  const hasBefore = several || session.elements.length > 1
  const { help } = authentication
  show(`Connect ${element.name}${isAnew ? ' again' : ''}`, [
    makeHead(element),
    help ? make('p', { class: 'quiet' }, help) : null,
    make('div', { id: 'details' }),
    form.node,
    hasBefore ? makePlain('Back', before) : null,
    makeCancel(),
  ])
}

async function send(element, authentication, form, memory) {
  tell('')
  if (!form.check()) return tell('Fill in what is marked.', true)
  const popup = authentication.consent ? openWindow() : undefined
  form.setBusy(true)
  try {
    const configuration = await form.read()
    typed.set(memory, configuration)
    const answers = { elementId: element.id, authentication: authentication.key, configuration }
    tell(`Asking ${element.name}…`)
    if (!authentication.consent) return end(await provision(answers))
    const again = () => fillIn(element, authentication)
    const nodes = [makePlain('Begin again', again), makeCancel()]
    await leave(element, answers, popup, { nodes, returned: (state) => goOn(state, again) })
  } catch (error) {
    popup?.close()
    await refuse(error, form)
  } finally {
    form.setBusy(false)
  }
}

/** Whoever was at the vendor has come back. */
function goOn(state, again) {
  if (state.status !== 'opened') return end(state)
  again()
  tell(state.statusReason, true)
}

async function refuse(error, form) {
  const problem = error.problem ?? {}
  if (problem.code === 'connect-session-over') {
    const state = await getState().catch(() => undefined)
    return state ? end(state) : tell(wordsOf(error), true)
  }
  const isMarked = form.mark(problem)
  const words = isMarked ? 'Correct what is marked.' : wordsOf(error)
  tell(words, true, isMarked ? undefined : problem.providerMessage)
  const details = problem.probe ? [makeDetails(problem.probe)] : []
  document.getElementById('details').replaceChildren(...details)
}

const endings = {
  succeeded: ['Connected', 'The connection works. You can close this page.'],
  cancelled: ['Called off', 'Nothing was connected. You can close this page.'],
  expired: ['Too late', 'The time for this has run out. Ask for a new link.'],
  failed: ['Not connected', 'This has ended without a connection. Ask for a new link.'],
}

function end(state) {
  stopWatching()
  const [heading, words] = endings[state.status] ?? endings.failed
  show(heading, [])
  tell(words)
  finish(state)
}

function makeCancel() {
  return makePlain('Cancel', () => cancel().then(end, (error) => tell(wordsOf(error), true)))
}

function wordsOf(error) {
  if (error instanceof Problem) return error.message
  return 'Something went wrong on this page. Reload it, and try again.'
}
