import { Accordion, Stack, Text } from '@mantine/core'
import type { Element } from '../api/elements.ts'
import { EntryField } from './entry-field.tsx'
import { entriesFor, fieldOf, type WizardForm } from './form.ts'

/** The values that the element asks for; what few people change is folded away. */
export function CredentialsStep({ element, form }: { element: Element; form: WizardForm }) {
  const entries = entriesFor(element, form.getValues().authentication)
  const usual = entries.filter(({ advanced }) => !advanced)
  const advanced = entries.filter((entry) => entry.advanced)
  const isWrong = advanced.some((entry) => form.errors[`values.${fieldOf(entry)}`] !== undefined)
  return (
    <Stack>
      <Text size="sm">{element.configDescription}</Text>
      {usual.map((entry) => (
        <EntryField key={entry.id} entry={entry} form={form} />
      ))}
      {advanced.length > 0 && (
        <Accordion variant="contained" {...(isWrong && { value: 'advanced' })}>
          <Accordion.Item value="advanced">
            <Accordion.Control>Advanced</Accordion.Control>
            <Accordion.Panel>
              <Stack>
                {advanced.map((entry) => (
                  <EntryField key={entry.id} entry={entry} form={form} />
                ))}
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
      )}
    </Stack>
  )
}
