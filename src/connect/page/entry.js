/** An element with attributes and what stands in it; texts are never taken for markup. */
export function make(name, attributes = {}, ...children) {
  const node = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(key, '')
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value)
  }
  node.append(...children.filter((child) => child !== null && child !== undefined))
  return node
}

const types = { url: 'text', path: 'text', number: 'text', text: 'text', password: 'password' }
const passphrase = 'passphrase'

/** A field for one entry: `read` answers what is typed, by key. */
export function makeField(entry, typed) {
  const id = `entry-${entry.key}`
  const described = `${id}-help ${id}-fault`
  const control = makeControl(entry, id, described, typed)
  const isBox = entry.type === 'boolean'
  const label = make(
    'label',
    { for: id },
    entry.name,
    ...(entry.required || isBox ? [] : [' ', make('span', { class: 'optional' }, 'optional')]),
  )
  const help = [entry.help, entry.kept ? 'Leave it empty to keep what there is.' : null]
  const fault = make('p', { class: 'fault', id: `${id}-fault`, hidden: true })
  const secret = entry.type === 'certificate' ? makePassphrase(entry, id, typed) : null
  const node = make(
    'div',
    { class: 'field' },
    ...(isBox ? [make('div', { class: 'option' }, control, label)] : [label, control]),
    make('p', { class: 'help', id: `${id}-help` }, help.filter(Boolean).join(' ')),
    fault,
    secret,
  )
  return {
    key: entry.key,
    node,
    control,
    async read() {
      const value = await readControl(entry, control)
      const opens = secret?.querySelector('input').value
      return {
        [entry.key]: value,
        ...(value && opens && { [`${entry.key}.${passphrase}`]: opens }),
      }
    },
    /** Empty where there is nothing to say against it. */
    tell(reason) {
      fault.textContent = reason
      fault.hidden = reason === ''
      control.setAttribute('aria-invalid', String(reason !== ''))
    },
    isEmpty: () => entry.required && !isBox && isEmpty(control),
  }
}

function makeControl(entry, id, described, typed) {
  const shared = {
    id,
    'aria-describedby': described,
    'aria-required': String(entry.required),
    autocomplete: 'off',
  }
  const value = typed[entry.key] ?? entry.default ?? ''
  if (entry.type === 'boolean') {
    return make('input', { ...shared, type: 'checkbox', checked: String(value) === 'true' })
  }
  if (entry.options.length > 0) {
    const none = entry.required && value !== '' ? [] : [make('option', { value: '' }, 'Choose…')]
    const options = entry.options.map((one) =>
      make('option', { value: one.value, selected: one.value === value }, one.name),
    )
    return make('select', shared, ...none, ...options)
  }
  if (entry.type === 'certificate') return make('input', { ...shared, type: 'file' })
  const words = {
    ...shared,
    placeholder: entry.placeholder,
    spellcheck: 'false',
    autocapitalize: 'off',
  }
  if (entry.type === 'textarea') {
    const area = make('textarea', words)
    area.value = value
    return area
  }
  const type = entry.secret ? 'password' : (types[entry.type] ?? 'text')
  const hints = {
    ...(type === 'password' && { autocomplete: 'new-password' }),
    ...(entry.type === 'url' && { inputmode: 'url' }),
    ...(entry.type === 'number' && { inputmode: 'decimal' }),
  }
  return make('input', { ...words, ...hints, type, value })
}

function makePassphrase({ key, name }, id, typed) {
  const own = `${id}-${passphrase}`
  return make(
    'div',
    { class: 'passphrase' },
    make(
      'label',
      { for: own },
      `Passphrase of ${name} `,
      make('span', { class: 'optional' }, 'if it has one'),
    ),
    make('input', {
      id: own,
      type: 'password',
      autocomplete: 'new-password',
      value: typed[`${key}.${passphrase}`] ?? '',
    }),
  )
}

function isEmpty({ files, value }) {
  return files ? files.length === 0 : value.trim() === ''
}

async function readControl(entry, control) {
  if (entry.type === 'boolean') return control.checked
  if (entry.type === 'certificate') return readFile(control.files[0])
  const text = control.value
  if (entry.type !== 'number' || text.trim() === '') return text
  return Number.isFinite(Number(text)) ? Number(text) : text
}

/** PEM as it is, anything else in base64. */
async function readFile(file) {
  if (!file) return ''
  const bytes = new Uint8Array(await file.arrayBuffer())
  const text = new TextDecoder().decode(bytes)
  if (text.includes('-----BEGIN ')) return text
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
