import { Checkbox, PasswordInput, Select, Textarea, TextInput } from '@mantine/core'
import type { Entry } from '../api/elements.ts'
import { CertificateField } from './certificate-field.tsx'
import { fieldOf, type WizardForm } from './form.ts'

/** One value that the element asks for, as its definition says it is to be filled in. */
export function EntryField({ entry, form }: { entry: Entry; form: WizardForm }) {
  const field = `values.${fieldOf(entry)}`
  const common = {
    label: entry.name,
    description: entry.help,
    placeholder: entry.placeholder ?? undefined,
    withAsterisk: entry.required,
    'aria-required': entry.required,
  }
  if (entry.kind === 'certificate') return <CertificateField entry={entry} form={form} />
  if (entry.kind === 'boolean') {
    return (
      <Checkbox
        label={entry.name}
        description={entry.help}
        {...form.getInputProps(field, { type: 'checkbox' })}
      />
    )
  }
  if (entry.options.length > 0) {
    return (
      <Select
        {...common}
        clearable={!entry.required}
        searchable={entry.options.length > 8}
        data={entry.options.map(({ value, name }) => ({ value, label: name }))}
        {...form.getInputProps(field)}
      />
    )
  }
  if (entry.kind === 'textarea') {
    return <Textarea {...common} autosize minRows={3} maxRows={10} {...form.getInputProps(field)} />
  }
  if (entry.secret || entry.kind === 'password') {
    return <PasswordInput {...common} autoComplete="new-password" {...form.getInputProps(field)} />
  }
  return (
    <TextInput
      {...common}
      inputMode={entry.kind === 'url' ? 'url' : entry.kind === 'number' ? 'decimal' : undefined}
      autoComplete="off"
      {...form.getInputProps(field)}
    />
  )
}
