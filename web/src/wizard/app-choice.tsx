import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { appsQuery } from '../api/app-profiles.ts'
import type { Element } from '../api/elements.ts'
import type { WizardForm } from './form.ts'

/** An app profile of the organization in the place of a client of one's own, where one fits. */
export function AppChoice({ element, form }: { element: Element; form: WizardForm }) {
  const apps = useQuery(appsQuery)
  const { authentication } = form.getValues()
  const fit = (apps.data ?? []).filter(
    (app) => app.element.key === element.key && app.authentication.type === authentication,
  )
  if (fit.length === 0) return null
  return (
    <Select
      label="App profile"
      description="With one, the id and the secret of the client stay empty below. Without one, fill them in, or leave it to the only one that fits."
      placeholder="None: a client of your own"
      clearable
      data={fit.map(({ id, name, clientId }) => ({
        value: String(id),
        label: `${name} (${clientId})`,
      }))}
      {...form.getInputProps('oauthAppId')}
    />
  )
}
