import { createContext } from 'react'
import type { ConnectAnswers } from './session-api.ts'

/** What the form is for; fields that ask the service in between say so. */
export const Asking = createContext<Pick<ConnectAnswers, 'elementId' | 'authentication'>>({
  elementId: 0,
  authentication: '',
})
