import { SaxesParser } from 'saxes'

interface XmlNode {
  text: string
  children: Map<string, XmlNode>
}

const maxDepth = 32
const maxNodes = 5_000
const maxErrors = 1_000

/** The texts of an XML document by paths of local names. */
export class XmlTexts {
  readonly #root: XmlNode

  /**
   * It forgives what vendors write against the standard, expands no entity but the predefined ones,
   * and takes time that grows with the length of the text alone; what lies deeper than 32 elements,
   * and beyond 5,000 paths or 1,000 errors, is left out.
   */
  constructor(text: string) {
    this.#root = readXml(text)
  }

  /** The text at a path such as `Envelope/Body/Fault`; the first that is not blank where several are. */
  at(path: string): string | undefined {
    let node: XmlNode | undefined = this.#root
    for (const name of path.split('/')) node = node?.children.get(name)
    return node?.text.trim()
  }
}

function readXml(text: string): XmlNode {
  const root: XmlNode = { text: '', children: new Map() }
  /** The elements that are open, and whether their text is the one that counts. */
  const open = [{ node: root, counts: false }]
  let depth = 0
  let nodes = 0
  let errors = 0
  const parser = new SaxesParser({ position: false })
  parser.on('error', (error) => {
    errors += 1
    if (errors > maxErrors) throw error
  })
  parser.on('opentag', ({ name }) => {
    depth += 1
    const parent = open.at(-1)!.node
    if (depth > open.length || depth > maxDepth) return
    const local = name.slice(name.indexOf(':') + 1)
    const known = parent.children.get(local)
    if (!known && nodes >= maxNodes) return
    const node = known ?? { text: '', children: new Map() }
    if (!known) {
      parent.children.set(local, node)
      nodes += 1
    }
    open.push({ node, counts: node.text === '' })
  })
  const take = (content: string) => {
    const { node, counts } = open.at(-1)!
    if (!counts || depth >= open.length || (node.text === '' && content.trim() === '')) return
    node.text += content
  }
  parser.on('text', take)
  parser.on('cdata', take)
  parser.on('closetag', () => {
    if (depth === open.length - 1) open.pop()
    depth -= 1
  })
  try {
    parser.write(text).close()
  } catch {
    // What was read before it became unreadable still counts.
  }
  return root
}
