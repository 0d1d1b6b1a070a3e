import { Input, PasswordInput, Stack, Text } from '@mantine/core'
import { useContext, useRef, useState } from 'react'
import { problemOf } from '../api/problem.ts'
import { CertificateDrop } from '../parts/certificate-drop.tsx'
import { When } from '../parts/when.tsx'
import type { CertificateFieldProps } from '../wizard/entry-field.tsx'
import { fieldOf } from '../wizard/form.ts'
import { Asking } from './asking.ts'
import { passphraseOf } from './entries.ts'
import { type ConnectCertificate, readCertificates } from './session-api.ts'

/** A client certificate of the customer's own; it is opened and stored with the connection. */
export function CertificateFile({ entry, form }: CertificateFieldProps) {
  const field = `values.${fieldOf(entry)}`
  const passphraseField = `values.${passphraseOf(entry)}`
  const asking = useContext(Asking)
  const [file, setFile] = useState<File>()
  const [read, setRead] = useState<ConnectCertificate>()
  const [isReading, setReading] = useState(false)
  const asked = useRef('')
  const readIt = async (text: string, passphrase: string) => {
    // Each time is an attempt, of which a session has few.
    const what = `${passphrase}\n${text}`
    if (text === '' || asked.current === what) return
    asked.current = what
    setRead(undefined)
    setReading(true)
    try {
      const configuration = {
        [entry.key]: text,
        ...(passphrase && { [`${entry.key}.passphrase`]: passphrase }),
      }
      const [first] = await readCertificates({ ...asking, configuration })
      if (asked.current === what) setRead(first)
    } catch (refusal) {
      const { invalid = [] } = problemOf(refusal)
      const fault = invalid.find(({ key }) => key.startsWith(entry.key))
      if (!fault || asked.current !== what) return
      if (fault.key === entry.key) form.setFieldError(field, fault.reason)
      else {
        const reason = passphrase ? fault.reason : 'Type the passphrase that opens the file'
        form.setFieldError(passphraseField, reason)
      }
    } finally {
      if (asked.current === what) setReading(false)
    }
  }
  const passphrase = () => String(form.getValues().values[passphraseOf(entry)] ?? '')
  const take = async (given: File | undefined) => {
    setFile(given)
    const text = given ? await readFile(given) : ''
    form.setFieldValue(field, text)
    await readIt(text, passphrase())
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
        <Text size="sm" role="status" style={{ overflowWrap: 'anywhere' }}>
          {isReading && 'Reading the certificate…'}
          {read && (
            <>
              <b>{read.subject}</b>, issued by {read.issuer}, expires <When at={read.notAfter} />
            </>
          )}
        </Text>
        <PasswordInput
          label={`Passphrase of ${entry.name}`}
          description="If it has one"
          autoComplete="new-password"
          aria-invalid={form.errors[passphraseField] !== undefined || undefined}
          {...form.getInputProps(passphraseField)}
          onBlur={() => readIt(String(form.getValues().values[fieldOf(entry)] ?? ''), passphrase())}
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
