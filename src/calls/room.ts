import type { BodyRoom } from '../gateway/body-room.ts'

/** Memory that a call takes until what has become of it is written down. */
export interface Room extends Disposable {
  /** @throws {Refusal} `bodies-busy` */
  take(bytes: number): void
}

export function openRoom(bodyRoom: BodyRoom, organizationId: number): Room {
  let taken = 0
  return {
    take(bytes) {
      bodyRoom.take(organizationId, bytes)
      taken += bytes
    },
    [Symbol.dispose]() {
      if (taken > 0) bodyRoom.free(organizationId, taken)
      taken = 0
    },
  }
}
