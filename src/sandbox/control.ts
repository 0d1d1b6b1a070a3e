import { type Answer, json } from './answer.ts'
import {
  type Behaviour,
  type BehaviourSettings,
  behaviourNames,
  behaviourSettings,
  readBehaviour,
} from './behaviour.ts'

export const controlPath = '/sandbox/behaviour'

/** The behaviour that holds now, and for how many requests more. The last one told replaces all before. */
export class Control {
  #settings: BehaviourSettings | undefined
  #times = 0

  behave(behaviour: Behaviour, times = Number.POSITIVE_INFINITY) {
    if (!(times > 0)) throw new Error('times must be 1 or more')
    this.#settings = readBehaviour(behaviour)
    this.#times = times
  }

  reset() {
    this.#settings = undefined
  }

  /** Uses the behaviour up by one request. */
  take(): BehaviourSettings | undefined {
    const settings = this.#settings
    if (settings === undefined) return undefined
    this.#times -= 1
    if (this.#times <= 0) this.reset()
    return settings
  }

  /**
   * The control path, for those who stand outside of the process.
   * `PUT {"behaviour": "hang", "times": 1}` tells (settings stand beside, for ever without `times`),
   * `GET` reads, `DELETE` lets the vendor be well again. All answer the state and what can be told.
   */
  answer(method: string, body: string): Answer {
    if (method === 'DELETE') this.reset()
    else if (method === 'PUT') {
      try {
        const { times, ...settings } = JSON.parse(body)
        if (times !== undefined && !Number.isInteger(times))
          throw new Error('times must be integer')
        this.behave(settings, times)
      } catch (error) {
        return json(400, { message: (error as Error).message, behaviours: behaviourSettings })
      }
    } else if (method !== 'GET') return json(405, { message: 'GET, PUT or DELETE' })

    const { behaviour = null, ...settings } = this.#settings ?? {}
    const times = this.#settings && Number.isFinite(this.#times) ? this.#times : null
    return json(200, { behaviour, ...settings, times, behaviours: behaviourNames })
  }
}
