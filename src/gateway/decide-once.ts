/**
 * Decides of names that come again and again, each once. Whoever makes up ever new ones only makes
 * it decide anew: beyond `most` of them all are forgotten.
 */
export function decideOnce(
  most: number,
  decide: (name: string) => boolean,
): (name: string) => boolean {
  const decided = new Map<string, boolean>()
  return (name) => {
    const known = decided.get(name)
    if (known !== undefined) return known
    if (decided.size >= most) decided.clear()
    const decision = decide(name)
    decided.set(name, decision)
    return decision
  }
}
