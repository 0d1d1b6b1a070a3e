import { Loader, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { elementQuery } from '../api/elements.ts'
import { Failure } from '../parts/failure.tsx'
import { useTitle } from '../parts/use-title.ts'
import { Wizard } from '../wizard/wizard.tsx'

const route = getRouteApi('/signed-in/new/$key')

export function NewInstance() {
  const { key } = route.useParams()
  const { data: element, error } = useQuery(elementQuery(key))
  useTitle(element ? `Connect ${element.name}` : 'Connect')
  if (error) return <Failure error={error} />
  if (!element) return <Loader aria-label="Loading the element" />
  return (
    <Stack maw="44rem">
      <Wizard element={element} />
    </Stack>
  )
}
