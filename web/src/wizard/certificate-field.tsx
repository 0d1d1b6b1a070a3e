import {
  Alert,
  Button,
  Group,
  Input,
  PasswordInput,
  Select,
  Stack,
  Text,
  TextInput,
} from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type Certificate, certificatesQuery, uploadCertificate } from '../api/certificates.ts'
import type { Entry } from '../api/elements.ts'
import { CertificateDrop } from '../parts/certificate-drop.tsx'
import { Failure } from '../parts/failure.tsx'
import { When } from '../parts/when.tsx'
import { fieldOf, type WizardForm } from './form.ts'

/** A client certificate: one that is stored already, or a file that is stored at once. */
export function CertificateField({ entry, form }: { entry: Entry; form: WizardForm }) {
  const field = `values.${fieldOf(entry)}`
  const stored = useQuery(certificatesQuery)
  const chosen = stored.data?.find(
    ({ id }) => String(id) === form.getValues().values[fieldOf(entry)],
  )
  return (
    <Input.Wrapper
      label={entry.name}
      description={entry.help}
      withAsterisk={entry.required}
      error={form.errors[field]}
    >
      <Stack mt="xs" gap="sm">
        {(stored.data?.length ?? 0) > 0 && (
          <Select
            aria-label={`${entry.name}: one that is stored`}
            placeholder="Choose one that is stored"
            clearable
            data={stored.data!.map(({ id, name, subject }) => ({
              value: String(id),
              label: `${name} (${subject})`,
            }))}
            value={chosen ? String(chosen.id) : null}
            onChange={(id) => form.setFieldValue(field, id ?? '')}
          />
        )}
        {chosen ? (
          <Described certificate={chosen} onLeave={() => form.setFieldValue(field, '')} />
        ) : (
          <Upload
            name={entry.name}
            origin={originAmong(form.getValues().values)}
            onStored={({ id }) => form.setFieldValue(field, String(id))}
          />
        )}
      </Stack>
    </Input.Wrapper>
  )
}

/** The first address that was filled in is most likely where the certificate is for. */
function originAmong(values: Record<string, string | boolean>): string {
  const url = Object.values(values)
    .map((value) => (typeof value === 'string' ? URL.parse(value) : null))
    .find((one) => one?.protocol === 'https:')
  return url?.origin ?? ''
}

function Described({ certificate, onLeave }: { certificate: Certificate; onLeave(): void }) {
  const { subject, issuer, notAfter, keyKind, warnings } = certificate
  return (
    <Stack gap={4}>
      <Text size="sm">
        <b>{subject}</b>, {keyKind}, issued by {issuer}, expires <When at={notAfter} />
      </Text>
      {warnings.map(({ code, message }) => (
        <Alert key={code} color="yellow">
          {message}
        </Alert>
      ))}
      <Group>
        <Button size="compact-sm" variant="default" onClick={onLeave}>
          Take another
        </Button>
      </Group>
    </Stack>
  )
}

function Upload({
  name,
  origin,
  onStored,
}: {
  name: string
  origin: string
  onStored(certificate: Certificate): void
}) {
  const queries = useQueryClient()
  const [file, setFile] = useState<File>()
  const [passphrase, setPassphrase] = useState('')
  const [where, setWhere] = useState<string>()
  const { mutate, error, isPending } = useMutation({
    mutationFn: uploadCertificate,
    onSuccess: async (certificate) => {
      await queries.invalidateQueries({ queryKey: certificatesQuery.queryKey })
      onStored(certificate)
    },
  })
  const origins = [where ?? origin]
  return (
    <Stack gap="sm">
      <CertificateDrop label={`${name}: drop a file`} file={file} onFile={setFile} />
      {file && (
        <>
          <PasswordInput
            label="Passphrase"
            description="Used once to open the file, and forgotten"
            autoComplete="off"
            value={passphrase}
            onChange={(event) => setPassphrase(event.currentTarget.value)}
          />
          <TextInput
            label="Where it may be presented"
            description="The vendor's address; it is never shown to any other"
            placeholder="https://api.example.com"
            value={origins[0]}
            onChange={(event) => setWhere(event.currentTarget.value)}
          />
          {error && <Failure error={error} />}
          <Group>
            <Button
              variant="default"
              loading={isPending}
              disabled={origins[0] === ''}
              onClick={() => mutate({ file, name: file.name, passphrase, origins })}
            >
              Store the certificate
            </Button>
          </Group>
        </>
      )}
    </Stack>
  )
}
