import { Loader, MantineProvider, Paper, Stack, Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { Failure } from '../parts/failure.tsx'
import { variables } from '../theme.ts'
import { Heading } from './heading.tsx'
import { themeIn } from './look.ts'
import { Sender } from './sender.tsx'
import type { ConnectPage } from './session-api.ts'
import { Steps } from './steps.tsx'

/** What a customer sees of a connect session, framed or alone. */
export function Page({ opening, nonce }: { opening: Promise<ConnectPage>; nonce: string }) {
  const [session, setSession] = useState<ConnectPage>()
  const [error, setError] = useState<unknown>()
  useEffect(() => {
    opening.then(setSession, setError)
  }, [opening])
  return (
    <MantineProvider
      theme={themeIn(session?.appearance.color)}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      getStyleNonce={() => nonce}
    >
      <Paper component="main" maw="34rem" mx="auto" p={{ base: 'md', xs: 'xl' }}>
        <Stack>
          {session && <Sender session={session} />}
          {error !== undefined && (
            <>
              <Heading>This does not work</Heading>
              <Failure error={error} />
            </>
          )}
          {session ? (
            <Steps session={session} />
          ) : (
            error === undefined && (
              <>
                <Heading>Connect</Heading>
                <Loader aria-label="Loading what is asked for" />
                <Text size="sm" role="status">
                  One moment…
                </Text>
              </>
            )
          )}
        </Stack>
      </Paper>
    </MantineProvider>
  )
}
