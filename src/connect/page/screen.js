import { make } from './entry.js'

const title = document.getElementById('title')
const status = document.getElementById('status')
const content = document.getElementById('content')

/** Takes the place of what was shown; whoever listens hears the heading. */
export function show(heading, nodes) {
  const isFirst = content.childElementCount === 0
  title.textContent = heading
  document.title = heading
  content.replaceChildren(...nodes.filter(Boolean))
  tell('')
  if (!isFirst) title.focus()
}

/** Says how it goes, and what the vendor said of it. */
export function tell(words, isBad = false, theirs = undefined) {
  status.className = isBad ? 'bad' : ''
  status.replaceChildren(words)
  if (isBad) status.scrollIntoView({ block: 'nearest' })
  if (theirs) {
    const said = make('span', { class: 'words' }, make('span', {}, 'In their words: '), theirs)
    status.append(make('br'), said)
  }
}

/** The picture of an element beside what it is and what it needs. */
export function makeHead({ image, description, configDescription }) {
  const texts = [description, configDescription].filter(Boolean)
  const words = texts.map((text) => make('span', { class: 'quiet' }, text, ' '))
  const picture = make('img', { src: image, alt: '' })
  return make('div', { class: 'element' }, picture, make('div', {}, ...words))
}

export function makeChoices(choices) {
  return make('ul', { class: 'choices' }, ...choices.map((choice) => make('li', {}, choice)))
}

export function makeChoice({ name, description, image }, choose) {
  const more = description ? make('span', { class: 'quiet' }, description) : null
  const picture = image ? make('img', { src: image, alt: '' }) : null
  const words = make('span', {}, make('strong', {}, name), more)
  return listen(make('button', { class: 'choice', type: 'button' }, picture, words), choose)
}

/** A button that is not what one came for. */
export function makePlain(words, act) {
  return listen(make('button', { class: 'plain', type: 'button' }, words), act)
}

function listen(button, act) {
  button.addEventListener('click', act)
  return button
}
