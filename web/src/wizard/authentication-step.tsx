import { Radio, Stack } from '@mantine/core'
import type { Element } from '../api/elements.ts'
import type { WizardForm } from './form.ts'

/** Where the vendor may know us in several ways. */
export function AuthenticationStep({ element, form }: { element: Element; form: WizardForm }) {
  return (
    <Radio.Group
      label={`How ${element.name} is to know you`}
      {...form.getInputProps('authentication')}
    >
      <Stack mt="sm">
        {element.authenticationTypes.map(({ key, name, help, default: preset }) => (
          <Radio
            key={key}
            value={key}
            label={preset ? `${name} (usual)` : name}
            description={help}
          />
        ))}
      </Stack>
    </Radio.Group>
  )
}
