import { Alert, Button, Group, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { Element } from '../api/elements.ts'
import { Failure } from '../parts/failure.tsx'
import { goToConsent } from './consent.ts'
import type { Filled } from './form.ts'
import { keepWizard } from './resumption.ts'

/** Where the browser opens no window for the vendor: the way there in this tab. */
export function BlockedWindow({
  element,
  filled,
  instanceId,
  onLeave,
}: {
  element: Element
  filled: Filled
  /** The one that is connected anew. */
  instanceId?: number
  onLeave(): void
}) {
  const { mutate, error, isPending } = useMutation({
    mutationFn: () =>
      goToConsent(element, filled, instanceId, () => {
        keepWizard(element, filled, instanceId)
        onLeave()
      }),
  })
  return (
    <Alert color="yellow" title="The window was not opened" role="alert">
      <Text size="sm">
        The browser kept the window of {element.name} from opening. Allow it for this page and try
        again, or go there in this tab: you come back here. What you typed is kept, except for
        secrets: those that the consent needs wait at the service.
      </Text>
      {error && <Failure error={error} />}
      <Group mt="sm">
        <Button size="compact-sm" loading={isPending} onClick={() => mutate()}>
          Go there in this tab
        </Button>
      </Group>
    </Alert>
  )
}
