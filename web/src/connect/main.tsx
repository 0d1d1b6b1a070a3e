import '@mantine/core/styles.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { Page } from './page.tsx'
import { openSession } from './session-api.ts'

const nonce = document.querySelector<HTMLMetaElement>('meta[name=csp-nonce]')?.nonce ?? ''
// Once: the link is used up by it.
const opening = openSession()

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Page opening={opening} nonce={nonce} />
  </StrictMode>,
)
