import { Button, Group, List, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import {
  type Certificate,
  certificatesQuery,
  replaceCertificate,
  uploadCertificate,
} from '../api/certificates.ts'
import { api } from '../api/client.ts'
import { ApiError } from '../api/problem.ts'
import { CertificateDrop } from '../parts/certificate-drop.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { FormModal } from '../parts/form-modal.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { When } from '../parts/when.tsx'

/** Client certificates that instances present; the next to expire is told first. */
export function Certificates() {
  const { data, error } = useQuery(certificatesQuery)
  const [edited, setEdited] = useState<Certificate | 'new'>()
  const queries = useQueryClient()
  const refresh = () => queries.invalidateQueries({ queryKey: certificatesQuery.queryKey })
  const rows = data?.toSorted((one, other) => one.notAfter.localeCompare(other.notAfter))
  return (
    <Stack>
      <PageHead
        title="Certificates"
        about="What instances show to vendors that know them by a client certificate. Key and passphrase are never shown again."
      >
        <Button onClick={() => setEdited('new')}>Add a certificate</Button>
      </PageHead>
      <DataTable
        label="Certificates"
        rows={rows}
        error={error}
        empty="There is no certificate yet. Add one where a vendor asks for it, or while you connect an element."
        columns={[
          { name: 'Name', render: ({ name }) => name },
          { name: 'Subject', render: ({ subject }) => subject },
          { name: 'Issuer', render: ({ issuer }) => issuer },
          {
            name: 'Expires',
            render: ({ notAfter, warnings }) => (
              <div>
                <When at={notAfter} />
                {warnings.map(({ code, message }) => (
                  <Text key={code} size="xs">
                    {message}
                  </Text>
                ))}
              </div>
            ),
          },
          { name: 'For', render: ({ origins }) => origins.join(', ') },
          {
            name: 'Actions',
            render: (certificate) => (
              <Group gap={4} wrap="nowrap">
                <Button
                  size="compact-sm"
                  variant="subtle"
                  aria-label={`Replace ${certificate.name}`}
                  onClick={() => setEdited(certificate)}
                >
                  Replace
                </Button>
                <DeleteButton
                  name={certificate.name}
                  onDelete={async () => {
                    const path = { id: certificate.id }
                    await api.DELETE('/certificates/{id}', { params: { path } })
                    await refresh()
                  }}
                >
                  Its key is gone for good. No instance may use it any more.
                </DeleteButton>
              </Group>
            ),
          },
        ]}
      />
      {edited && (
        <CertificateForm
          certificate={edited === 'new' ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onSaved={refresh}
        />
      )}
    </Stack>
  )
}

function CertificateForm({
  certificate,
  onClose,
  onSaved,
}: {
  certificate: Certificate | undefined
  onClose(): void
  onSaved(): Promise<unknown>
}) {
  const [file, setFile] = useState<File>()
  const [name, setName] = useState(certificate?.name ?? '')
  const [passphrase, setPassphrase] = useState('')
  const [origins, setOrigins] = useState(certificate?.origins.join(' ') ?? '')
  const save = async () => {
    if (!file) {
      throw new ApiError({
        title: 'There is no file yet',
        message: 'Choose the file that holds the certificate and its key.',
      })
    }
    const given = { file, name: name || file.name, passphrase, origins: origins.split(/[\s,]+/) }
    await (certificate ? replaceCertificate(certificate.id, given) : uploadCertificate(given))
    await onSaved()
  }
  return (
    <FormModal
      opened
      title={certificate ? `Replace ${certificate.name}` : 'Add a certificate'}
      verb={certificate ? 'Replace' : 'Store'}
      onClose={onClose}
      onSubmit={save}
    >
      {certificate && (
        <List size="sm">
          <List.Item>Instances that use it present the new one from then on.</List.Item>
        </List>
      )}
      <CertificateDrop label="The file of the certificate" file={file} onFile={setFile} />
      <TextInput
        label="Name"
        placeholder={file?.name ?? ''}
        maxLength={255}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <PasswordInput
        label="Passphrase"
        description="Used once to open the file, and forgotten"
        autoComplete="off"
        value={passphrase}
        onChange={(event) => setPassphrase(event.currentTarget.value)}
      />
      <TextInput
        label="Where it may be presented"
        description="Addresses of the vendor, with a space between them; it is never shown to any other"
        placeholder="https://api.example.com"
        required
        value={origins}
        onChange={(event) => setOrigins(event.currentTarget.value)}
      />
    </FormModal>
  )
}
