import { Stack, TagsInput, TextInput } from '@mantine/core'
import type { Element } from '../api/elements.ts'
import type { WizardForm } from './form.ts'

/** What people see when they choose among instances. */
export function NameStep({ element, form }: { element: Element; form: WizardForm }) {
  return (
    <Stack>
      <TextInput
        label="Name"
        description={`People see it when they choose an instance: say what it is for, such as "${element.name} - UK".`}
        withAsterisk
        maxLength={255}
        data-autofocus
        {...form.getInputProps('name')}
      />
      <TagsInput
        label="Tags"
        description="Find it again among many. Enter adds one; left empty, the name is the tag."
        maxTags={50}
        {...form.getInputProps('tags')}
      />
      <TextInput
        label="External id"
        description="Your own reference to it, such as a customer's number."
        maxLength={255}
        {...form.getInputProps('externalId')}
      />
    </Stack>
  )
}
