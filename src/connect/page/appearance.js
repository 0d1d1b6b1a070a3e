import { make } from './entry.js'

/** Says for whom the page works, in their colour. */
export function introduce({ appearance: { name, color, logoUrl }, reconnects }) {
  if (color) paint(color)
  const sender = document.getElementById('sender')
  const logo = { src: logoUrl, alt: name ? '' : 'Logo', referrerpolicy: 'no-referrer' }
  const words = `${name} asks you to connect${reconnects ? ' again' : ''}`
  if (logoUrl) sender.append(make('img', logo))
  if (name) sender.append(make('span', {}, words))
  sender.hidden = !logoUrl && !name
}

/** Text on the colour is black or white, whichever stands out more (WCAG 2.2, contrast ratio). */
function paint(color) {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((one) => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
  const light = 0.2126 * red + 0.7152 * green + 0.0722 * blue
  const { style } = document.documentElement
  style.setProperty('--accent', color)
  style.setProperty('--on-accent', light > 0.179 ? '#000' : '#fff')
}
