import { Input, PasswordInput, Stack } from '@mantine/core'
import { useState } from 'react'
import { CertificateDrop } from '../parts/certificate-drop.tsx'
import type { CertificateFieldProps } from '../wizard/entry-field.tsx'
import { fieldOf } from '../wizard/form.ts'
import { passphraseOf } from './entries.ts'

/** A client certificate of the customer's own; it is opened and stored with the connection. */
export function CertificateFile({ entry, form }: CertificateFieldProps) {
  const field = `values.${fieldOf(entry)}`
  const [file, setFile] = useState<File>()
  const take = async (given: File | undefined) => {
    setFile(given)
    form.setFieldValue(field, given ? await readFile(given) : '')
  }
  const isFilled = form.getValues().values[fieldOf(entry)] !== ''
  const shown = file ?? (isFilled ? new File([], 'The file that you chose before') : undefined)
  return (
    <Input.Wrapper
      label={entry.name}
      description={entry.help}
      withAsterisk={entry.required}
      error={form.errors[field]}
    >
      <Stack mt="xs" gap="sm">
        <CertificateDrop label={`${entry.name}: drop a file`} file={shown} onFile={take} />
        <PasswordInput
          label={`Passphrase of ${entry.name}`}
          description="If it has one"
          autoComplete="new-password"
          {...form.getInputProps(`values.${passphraseOf(entry)}`)}
        />
      </Stack>
    </Input.Wrapper>
  )
}

/** PEM as it is, anything else in base64. */
async function readFile(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  const text = new TextDecoder().decode(bytes)
  if (text.includes('-----BEGIN ')) return text
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
