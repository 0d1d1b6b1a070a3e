import { RenderError } from '../exchange/template.ts'

/** A request that cannot carry credentials of this type, whatever they are. */
export class Unsignable extends RenderError {
  constructor(reason: string) {
    super('authentication', reason)
  }
}
