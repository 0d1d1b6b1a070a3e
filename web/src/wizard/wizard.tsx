import { Alert, Button, Group, Stack, Stepper, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { api, dataOf } from '../api/client.ts'
import type { Element } from '../api/elements.ts'
import { problemOf } from '../api/problem.ts'
import type { components } from '../api/schema.d.ts'
import { LeaveQuestion } from '../parts/leave-question.tsx'
import { AppChoice } from './app-choice.tsx'
import { AuthenticationStep } from './authentication-step.tsx'
import { BlockedWindow } from './blocked-window.tsx'
import { CertificateField } from './certificate-field.tsx'
import { askConsent, WindowBlocked } from './consent.ts'
import { CredentialsStep } from './credentials-step.tsx'
import { DetailsStep } from './details-step.tsx'
import { bodyOf, type Filled, showFaults, useWizardForm } from './form.ts'
import { NameStep } from './name-step.tsx'
import { RefusalNotice } from './refusal.tsx'
import { forgetWizard, keptWizard } from './resumption.ts'

const names = {
  name: 'Name',
  details: 'Details',
  authentication: 'Authentication',
  credentials: 'Credentials',
}
type Step = keyof typeof names
type Trial = components['schemas']['Trial']

/** Connects an element step by step; only what the vendor accepts is stored, unless as a draft. */
export function Wizard({ element, given }: { element: Element; given?: Partial<Filled> }) {
  const [resumed] = useState(() => keptWizard(element.key))
  const form = useWizardForm(element, resumed?.filled ?? given)
  // What the vendor told this tab; used once.
  const [told, setTold] = useState(resumed?.told)
  const steps: Step[] = [
    'name',
    'details',
    ...(element.authenticationTypes.length > 1 ? (['authentication'] as const) : []),
    'credentials',
  ]
  const [at, setAt] = useState(resumed ? steps.length - 1 : 0)
  const step = steps[at]!
  const [strangers, setStrangers] = useState<string[]>([])
  const heading = useRef<HTMLHeadingElement>(null)
  const isDone = useRef(false)
  const navigate = useNavigate()
  const queries = useQueryClient()
  const authentication = element.authenticationTypes.find(
    ({ key }) => key === form.getValues().authentication,
  )
  const consents = authentication?.consent ?? false

  useEffect(() => heading.current?.focus(), [at])
  // A window that opens later would take it for its own.
  useEffect(forgetWizard, [])

  const go = (to: number) => {
    if (to > 0 && form.getValues().name.trim() === '') {
      form.setFieldError('name', 'Give it a name: people choose by it')
      setAt(0)
      return
    }
    setAt(to)
  }
  const refused = (error: Error) => setStrangers(showFaults(form, element, problemOf(error)))
  const path = { keyOrId: element.key }

  const trial = useMutation({
    mutationFn: () => {
      const { name, ...body } = bodyOf(element, form.getValues())
      return dataOf(
        api.POST('/elements/{keyOrId}/test', { params: { path }, body: { ...body, name } }),
      ) as Promise<Trial>
    },
    onError: refused,
  })
  const creation = useMutation({
    mutationFn: async (verify: boolean) => {
      const body = bodyOf(element, form.getValues())
      const providerData =
        consents && verify ? (told ?? (await askConsent(element, form.getValues()))) : undefined
      return dataOf(
        api.POST('/elements/{keyOrId}/instances', {
          params: { path },
          body: { ...body, verify, ...(providerData && { providerData }) },
        }),
      )
    },
    onError: (error) => {
      setTold(undefined)
      refused(error)
    },
    onSuccess: async (made) => {
      isDone.current = true
      await queries.invalidateQueries({ queryKey: ['instances'] })
      const { id, name, state } = made as { id: number; name: string; state: string }
      notifications.show({
        color: 'teal',
        ...(state === 'draft'
          ? {
              title: `${name} is a draft`,
              message: 'Test it: nothing is called through it before the vendor accepts it.',
            }
          : { message: `${name} is connected` }),
      })
      navigate({ to: '/instances/$id', params: { id: String(id) } })
    },
  })
  const error = creation.error ?? trial.error
  const busy = creation.isPending || trial.isPending
  const begin = () => {
    setStrangers([])
    form.clearErrors()
    creation.reset()
    trial.reset()
  }

  return (
    <Stack>
      <LeaveQuestion isTyped={() => form.isDirty() && !isDone.current} />
      <Title order={1}>Connect {element.name}</Title>
      {error && !(error instanceof WindowBlocked) && (
        <RefusalNotice error={error} strangers={strangers} />
      )}
      {error instanceof WindowBlocked && (
        <BlockedWindow
          element={element}
          filled={form.getValues()}
          onLeave={() => {
            isDone.current = true
          }}
        />
      )}
      {resumed && !error && (
        <Alert color="brand" title={`You are back from ${element.name}`} role="status">
          {told
            ? 'Press "Create" to finish. Secrets need not be typed again: the service kept them for this.'
            : 'You came back without its answer. Type the secrets again, and go there once more.'}
        </Alert>
      )}
      {trial.data && !error && (
        <Alert color="teal" title="The vendor accepts it" role="status">
          Nothing has been stored yet.
          {trial.data.stateReason && <Text size="sm">{trial.data.stateReason}</Text>}
        </Alert>
      )}
      <Stepper active={at} onStepClick={go} size="sm" wrap>
        {steps.map((one) => (
          <Stepper.Step key={one} label={names[one]} />
        ))}
      </Stepper>
      <Title order={2} ref={heading} tabIndex={-1}>
        {names[step]}
      </Title>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (step !== 'credentials') return go(at + 1)
          begin()
          creation.mutate(true)
        }}
      >
        <Stack>
          {step === 'name' && <NameStep element={element} form={form} />}
          {step === 'details' && <DetailsStep form={form} />}
          {step === 'authentication' && <AuthenticationStep element={element} form={form} />}
          {step === 'credentials' && <AppChoice element={element} form={form} />}
          {step === 'credentials' && (
            <CredentialsStep element={element} form={form} Certificate={CertificateField} />
          )}
          <Group justify="space-between">
            <Button variant="default" disabled={at === 0 || busy} onClick={() => go(at - 1)}>
              Back
            </Button>
            {step === 'credentials' ? (
              <Group>
                <Button
                  variant="subtle"
                  disabled={busy}
                  onClick={() => {
                    begin()
                    creation.mutate(false)
                  }}
                >
                  Save as a draft
                </Button>
                {!consents && (
                  <Button
                    variant="default"
                    loading={trial.isPending}
                    disabled={busy}
                    onClick={() => {
                      begin()
                      trial.mutate()
                    }}
                  >
                    Test
                  </Button>
                )}
                <Button type="submit" loading={creation.isPending} disabled={busy}>
                  {consents && !told ? `Go to ${element.name} and create` : 'Create'}
                </Button>
              </Group>
            ) : (
              <Button type="submit">Next</Button>
            )}
          </Group>
        </Stack>
      </form>
    </Stack>
  )
}
