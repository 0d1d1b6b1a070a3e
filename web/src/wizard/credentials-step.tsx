import { Accordion, Stack, Text } from '@mantine/core'
import type { ComponentType } from 'react'
import { type CertificateFieldProps, EntryField } from './entry-field.tsx'
import { entriesFor, type FormElement, fieldOf, type WizardForm } from './form.ts'

/** The values that the element asks for; what few people change is folded away. */
export function CredentialsStep({
  element,
  form,
  Certificate,
}: {
  element: FormElement
  form: WizardForm
  /** Where a certificate comes from differs with who fills it in. */
  Certificate: ComponentType<CertificateFieldProps>
}) {
  const entries = entriesFor(element, form.getValues().authentication)
  const usual = entries.filter(({ advanced }) => !advanced)
  const advanced = entries.filter((entry) => entry.advanced)
  const isWrong = advanced.some((entry) => form.errors[`values.${fieldOf(entry)}`] !== undefined)
  return (
    <Stack>
      <Text size="sm">{element.configDescription}</Text>
      {usual.map((entry) => (
        <EntryField key={entry.id} entry={entry} form={form} Certificate={Certificate} />
      ))}
      {advanced.length > 0 && (
        <Accordion variant="contained" {...(isWrong && { value: 'advanced' })}>
          <Accordion.Item value="advanced">
            <Accordion.Control>Advanced</Accordion.Control>
            <Accordion.Panel>
              <Stack>
                {advanced.map((entry) => (
                  <EntryField key={entry.id} entry={entry} form={form} Certificate={Certificate} />
                ))}
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
      )}
    </Stack>
  )
}
