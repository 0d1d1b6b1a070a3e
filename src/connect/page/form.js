import { make, makeField } from './entry.js'

/** The form for one way to connect; `typed` is what was there before. */
export function makeForm(element, authentication, typed, { submit, isAnew }) {
  const fields = authentication.entries.map((entry) => ({
    ...makeField(entry, typed),
    advanced: entry.advanced,
  }))
  const [plain, advanced] = [
    fields.filter((one) => !one.advanced),
    fields.filter((one) => one.advanced),
  ]
  const word = authentication.consent
    ? `Continue to ${element.name}`
    : isAnew
      ? 'Connect anew'
      : 'Connect'
  const button = make('button', { class: 'button', type: 'submit' }, word)
  const folded =
    advanced.length > 0 &&
    make('details', {}, make('summary', {}, 'More settings'), ...advanced.map(({ node }) => node))
  const form = make(
    'form',
    { novalidate: true },
    ...plain.map(({ node }) => node),
    folded || null,
    make('div', { class: 'actions' }, button),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (button.getAttribute('aria-disabled') === 'true') return
    submit()
  })
  return {
    node: form,
    fields,
    async read() {
      const all = await Promise.all(fields.map((field) => field.read()))
      return Object.assign({}, ...all)
    },
    /** Marks what is missing; whether nothing is. */
    check() {
      for (const field of fields) field.tell(field.isEmpty() ? 'This is needed.' : '')
      return focusFirst(fields.filter((field) => field.isEmpty()))
    },
    /** Marks what a refusal names; whether it named anything here. */
    mark({ missing = [], invalid = [], unknown = [] }) {
      const reasons = new Map([
        ...missing.map(({ key }) => [key, 'This is needed.']),
        ...invalid.map(({ key, reason }) => [key.replace(/\.passphrase$/, ''), sentence(reason)]),
        ...unknown.map(({ key }) => [key, 'This is not known.']),
      ])
      for (const field of fields) field.tell(reasons.get(field.key) ?? '')
      return !focusFirst(fields.filter((field) => reasons.has(field.key)))
    },
    setBusy(isBusy) {
      button.setAttribute('aria-disabled', String(isBusy))
      button.textContent = isBusy ? 'One moment…' : word
    },
  }
}

function focusFirst([first]) {
  if (!first) return true
  const folded = first.node.closest('details')
  if (folded) folded.open = true
  first.control.focus()
  return false
}

function sentence(reason) {
  return /^(must|is|has|does|names|becomes)\b/.test(reason) ? `This ${reason}.` : reason
}
