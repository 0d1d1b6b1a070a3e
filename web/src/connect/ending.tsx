import { Text } from '@mantine/core'
import { useEffect } from 'react'
import { finish } from './finish.ts'
import { Heading } from './heading.tsx'
import type { ConnectState } from './session-api.ts'

const failed = [
  'Not connected',
  'This has ended without a connection. Ask for a new link.',
] as const
const endings: Partial<Record<ConnectState['status'], readonly [string, string]>> = {
  succeeded: ['Connected', 'The connection works. You can close this page.'],
  cancelled: ['Called off', 'Nothing was connected. You can close this page.'],
  expired: ['Too late', 'The time for this has run out. Ask for a new link.'],
}

/** How it ended, which whoever embeds or opened the page is told as well. */
export function Ending({ state, isFirst }: { state: ConnectState; isFirst: boolean }) {
  const [heading, words] = endings[state.status] ?? failed
  useEffect(() => finish(state), [state])
  return (
    <>
      <Heading isFirst={isFirst}>{heading}</Heading>
      <Text role="status">{words}</Text>
    </>
  )
}
