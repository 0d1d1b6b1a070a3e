import { Checkbox, PasswordInput, Select, Textarea, TextInput } from '@mantine/core'
import type { ComponentType } from 'react'
import type { Entry } from '../api/elements.ts'
import { fieldOf, type WizardForm } from './form.ts'
import { judge } from './judge.ts'

export interface CertificateFieldProps {
  entry: Entry
  form: WizardForm
}

/** One value that the element asks for, as its definition says it is to be filled in. */
export function EntryField({
  entry,
  form,
  Certificate,
}: CertificateFieldProps & { Certificate: ComponentType<CertificateFieldProps> }) {
  const field = `values.${fieldOf(entry)}`
  const input = judgedProps(entry, form)
  const common = {
    label: entry.name,
    description: entry.help,
    placeholder: entry.placeholder ?? undefined,
    withAsterisk: entry.required,
    'aria-required': entry.required,
  }
  if (entry.kind === 'certificate') return <Certificate entry={entry} form={form} />
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
        {...input}
      />
    )
  }
  if (entry.kind === 'textarea') {
    return <Textarea {...common} autosize minRows={3} maxRows={10} {...input} />
  }
  if (entry.secret || entry.kind === 'password') {
    return (
      <PasswordInput
        {...common}
        autoComplete="new-password"
        // Mantine says so of every other field by itself.
        aria-invalid={form.errors[field] !== undefined || undefined}
        {...input}
      />
    )
  }
  return (
    <TextInput
      {...common}
      inputMode={entry.kind === 'url' ? 'url' : entry.kind === 'number' ? 'decimal' : undefined}
      autoComplete="off"
      {...input}
    />
  )
}

/** Judges a value when its field is left, and while it is typed once there is something against it. */
function judgedProps(entry: Entry, form: WizardForm) {
  const name = fieldOf(entry)
  const field = `values.${name}`
  const { onChange, onBlur, ...rest } = form.getInputProps(field)
  const tell = (value: string | boolean | undefined) => {
    const fault = judge(entry, value)
    if (fault) form.setFieldError(field, fault)
    else form.clearFieldError(field)
  }
  return {
    ...rest,
    onChange: (given: string | null | { currentTarget: { value: string } }) => {
      const wasWrong = form.errors[field] !== undefined
      onChange(given)
      if (!wasWrong) return
      tell(typeof given === 'object' && given !== null ? given.currentTarget.value : (given ?? ''))
    },
    onBlur: (event: unknown) => {
      onBlur?.(event)
      const isWrong = form.errors[field] !== undefined
      const value = form.getValues().values[name]
      // What was said against it by the vendor stays until it is changed.
      if (!isWrong && form.isTouched(field)) tell(value)
    },
  }
}
