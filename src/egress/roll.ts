export interface Enrolled {
  /** The roll's own note of its place; undefined where it is not there. */
  enrolledAt: number | undefined
}

/**
 * Those who are there at the moment, many of whom come and go; each in one roll at most, in no order.
 * A set's outgrown tables lead from each to the next: one that has become old would keep all alive,
 * until the next full collection, that have been in any of those since.
 */
export class Roll<Member extends Enrolled> {
  readonly #members: Member[] = []

  get size(): number {
    return this.#members.length
  }

  add(member: Member): void {
    member.enrolledAt = this.#members.push(member) - 1
  }

  delete(member: Member): void {
    const { enrolledAt } = member
    if (enrolledAt === undefined) return
    const last = this.#members.pop()!
    if (last !== member) {
      this.#members[enrolledAt] = last
      last.enrolledAt = enrolledAt
    }
    member.enrolledAt = undefined
  }

  /** Any of them may leave while they are told. */
  tell(what: (member: Member) => void): void {
    // From the end: who leaves gives its place to one that has been told.
    for (let at = this.#members.length - 1; at >= 0; at -= 1) {
      const member = this.#members[at]
      if (member) what(member)
    }
  }
}
