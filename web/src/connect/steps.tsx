import { Alert, Button, Group, Stack } from '@mantine/core'
import { useState } from 'react'
import { Failure } from '../parts/failure.tsx'
import type { Filled } from '../wizard/form.ts'
import { Choice } from './choice.tsx'
import { CredentialsForm } from './credentials-form.tsx'
import { Ending } from './ending.tsx'
import { Heading } from './heading.tsx'
import {
  type ConnectAuthentication,
  type ConnectElement,
  type ConnectPage,
  type ConnectState,
  cancel,
} from './session-api.ts'

/** What to connect, how to log in there, and with what: a step is left out where there is no choice. */
export function Steps({ session }: { session: ConnectPage }) {
  const { elements, reconnects } = session
  const [state, setState] = useState<ConnectState>(session)
  const [element, setElement] = useState(elements.length === 1 ? elements[0] : undefined)
  const [chosen, setChosen] = useState<ConnectAuthentication>()
  const [isFirst, setFirst] = useState(true)
  const [error, setError] = useState<unknown>()
  // What was typed, by element and authentication, so that nothing is typed twice.
  const [typed, setTyped] = useState<Record<string, Filled['values']>>({})
  const authentication = chosen ?? onlyOne(element)

  if (state.status !== 'opened') return <Ending state={state} isFirst={isFirst} />
  const go = (to: ConnectElement | undefined, by?: ConnectAuthentication) => {
    setFirst(false)
    setElement(to)
    setChosen(by)
    setState({ ...state, statusReason: null })
  }
  const back =
    element && chosen
      ? () => go(element)
      : element && elements.length > 1
        ? () => go(undefined)
        : undefined
  const callOff = () => {
    setFirst(false)
    cancel().then(setState, setError)
  }
  return (
    <Stack>
      {!element && elements.length === 0 && (
        <>
          <Heading>Nothing to connect</Heading>
          <Alert color="yellow" role="alert">
            What was to be connected is not offered any more. Ask for a new link.
          </Alert>
        </>
      )}
      {!element && elements.length > 0 && (
        <>
          <Heading isFirst={isFirst}>What do you want to connect?</Heading>
          {elements.map((one) => (
            <Choice
              key={one.id}
              name={one.name}
              about={one.description}
              image={one.image}
              onChoose={() => go(one)}
            />
          ))}
        </>
      )}
      {element && !authentication && (
        <>
          <Heading isFirst={isFirst}>{`How do you log in to ${element.name}?`}</Heading>
          {element.authentications.map((one) => (
            <Choice
              key={one.key}
              name={one.name}
              about={one.help}
              onChoose={() => go(element, one)}
            />
          ))}
        </>
      )}
      {state.statusReason && (
        <Alert color="red" title="It is not connected yet" role="alert">
          {state.statusReason}
        </Alert>
      )}
      {error !== undefined && <Failure error={error} />}
      {element && authentication && (
        <CredentialsForm
          key={`${element.id} ${authentication.key}`}
          element={element}
          authentication={authentication}
          typed={typed[`${element.id} ${authentication.key}`]}
          onTyped={(values) =>
            setTyped({ ...typed, [`${element.id} ${authentication.key}`]: values })
          }
          reconnects={reconnects}
          isFirst={isFirst}
          onState={(next) => {
            setFirst(false)
            setState(next)
          }}
        />
      )}
      <Group>
        {back && (
          <Button variant="default" onClick={back}>
            Back
          </Button>
        )}
        <Button variant="default" onClick={callOff}>
          Cancel
        </Button>
      </Group>
    </Stack>
  )
}

function onlyOne(element: ConnectElement | undefined): ConnectAuthentication | undefined {
  return element?.authentications.length === 1 ? element.authentications[0] : undefined
}
