import { SaxesParser } from 'saxes'

/** An element with its own text and its child elements; attributes and comments are left out. */
export interface XmlElement {
  uri: string
  local: string
  text: string
  children: XmlElement[]
}

/**
 * Reads a well-formed, namespace-aware XML 1.0 document and returns its root.
 * Throws on anything else, and on every document type declaration, whose entities could grow without end.
 */
export function parseXml(source: string): XmlElement {
  const document: XmlElement = { uri: '', local: '', text: '', children: [] }
  const open = [document]
  const parser = new SaxesParser({ xmlns: true, position: false })
  parser.on('doctype', () => {
    throw new Error('For security reasons DTD is prohibited in this XML document.')
  })
  parser.on('opentag', (tag) => {
    const element: XmlElement = { uri: tag.uri, local: tag.local, text: '', children: [] }
    open.at(-1)?.children.push(element)
    open.push(element)
  })
  parser.on('closetag', () => {
    open.pop()
  })
  const addText = (text: string) => {
    const element = open.at(-1)
    if (element !== undefined) element.text += text
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.write(source).close()
  const [root] = document.children
  if (root === undefined) throw new Error('Root element is missing.')
  return root
}

/** The child of that name in that namespace, if there is one. */
export const child = (parent: XmlElement | undefined, uri: string, local: string) =>
  parent?.children.find((element) => element.local === local && element.uri === uri)

/** Escapes a value for text and for attributes in double quotes. */
export const escapeXml = (value: string) =>
  value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
