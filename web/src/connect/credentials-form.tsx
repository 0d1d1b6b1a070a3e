import { Button, Group, Image, Stack, Text } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { problemOf } from '../api/problem.ts'
import { CredentialsStep } from '../wizard/credentials-step.tsx'
import { type Filled, showFaults, useWizardForm } from '../wizard/form.ts'
import { judgeAll } from '../wizard/judge.ts'
import { RefusalNotice } from '../wizard/refusal.tsx'
import { Asking } from './asking.ts'
import { CertificateFile } from './certificate-file.tsx'
import { askedOf, configurationOf } from './entries.ts'
import { Heading } from './heading.tsx'
import { leave, openWindow, stopWaiting, untilReturned } from './leave.ts'
import {
  type ConnectAuthentication,
  type ConnectElement,
  type ConnectState,
  getState,
  provision,
} from './session-api.ts'
import { Waiting } from './waiting.tsx'

/** The wizard's fields for one way to connect, and the way to the vendor where it asks itself. */
export function CredentialsForm({
  element,
  authentication,
  typed,
  onTyped,
  reconnects,
  isFirst,
  onState,
}: {
  element: ConnectElement
  authentication: ConnectAuthentication
  typed: Filled['values'] | undefined
  onTyped(values: Filled['values']): void
  reconnects: boolean
  isFirst: boolean
  onState(state: ConnectState): void
}) {
  const asked = askedOf(element, authentication)
  const form = useWizardForm(asked, typed && { values: typed })
  const [error, setError] = useState<unknown>()
  const [strangers, setStrangers] = useState<string[]>([])
  const [isBusy, setBusy] = useState(false)
  const [waiting, setWaiting] = useState<{ link?: string }>()
  const node = useRef<HTMLFormElement>(null)
  useEffect(() => stopWaiting, [])

  const send = async () => {
    setError(undefined)
    setStrangers([])
    form.clearErrors()
    const faults = judgeAll(asked.configuration, form.getValues())
    if (Object.keys(faults).length > 0) {
      form.setErrors(faults)
      requestAnimationFrame(() =>
        node.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus(),
      )
      return
    }
    const popup = authentication.consent ? openWindow() : null
    setBusy(true)
    onTyped(form.getValues().values)
    const configuration = configurationOf(asked.configuration, form.getValues())
    const answers = { elementId: element.id, authentication: authentication.key, configuration }
    try {
      if (!authentication.consent) return onState(await provision(answers))
      const where = await leave(answers, popup)
      if (where === 'tab') return
      setWaiting(where === 'window' ? {} : where)
      const state = await untilReturned(popup)
      if (!state) return
      setWaiting(undefined)
      onState(state)
    } catch (refusal) {
      popup?.close()
      if (problemOf(refusal).code === 'connect-session-over') {
        const state = await getState().catch(() => undefined)
        if (state) return onState(state)
      }
      setStrangers(showFaults(form, asked, problemOf(refusal)))
      setError(refusal)
    } finally {
      setBusy(false)
    }
  }

  if (waiting) {
    return (
      <Waiting
        name={element.name}
        link={waiting.link}
        onAgain={() => {
          stopWaiting()
          setWaiting(undefined)
        }}
      />
    )
  }
  return (
    <>
      <Group wrap="nowrap" align="center">
        <Image src={element.image} alt="" w={44} h={44} radius="sm" />
        <Heading isFirst={isFirst}>
          {`Connect ${element.name}${reconnects ? ' again' : ''}`}
        </Heading>
      </Group>
      {error !== undefined && <RefusalNotice error={error} strangers={strangers} />}
      <form
        ref={node}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          if (!isBusy) send()
        }}
      >
        <Stack>
          <Asking value={{ elementId: element.id, authentication: authentication.key }}>
            <CredentialsStep element={asked} form={form} Certificate={CertificateFile} />
          </Asking>
          <Text size="sm" role="status">
            {isBusy && `Asking ${element.name}…`}
          </Text>
          <Button type="submit" loading={isBusy} fullWidth>
            {authentication.consent
              ? `Continue to ${element.name}`
              : reconnects
                ? 'Connect anew'
                : 'Connect'}
          </Button>
        </Stack>
      </form>
    </>
  )
}
