import '@mantine/dropzone/styles.css'
import { Input, Text } from '@mantine/core'
import { Dropzone } from '@mantine/dropzone'
import { useState } from 'react'

const maxKiB = 256

/** Takes the file of a certificate, dropped or chosen; says why where it takes none. */
export function CertificateDrop({
  label,
  file,
  onFile,
}: {
  label: string
  file: File | undefined
  onFile(file: File | undefined): void
}) {
  const [refusal, setRefusal] = useState('')
  return (
    <div>
      <Dropzone
        onDrop={([first]) => {
          setRefusal('')
          onFile(first)
        }}
        onReject={(refused) =>
          setRefusal(
            refused.length > 1
              ? 'One file at a time: the one that holds the certificate and its key.'
              : `That is no certificate's file: it has more than ${maxKiB} KiB.`,
          )
        }
        p="md"
        multiple={false}
        maxSize={maxKiB * 1024}
        aria-label={label}
      >
        <Text size="sm">
          {file ? file.name : 'Drop a .p12, .pfx or .pem file here, or press to choose one'}
        </Text>
      </Dropzone>
      <Input.Error mt={4} aria-live="polite">
        {refusal}
      </Input.Error>
    </div>
  )
}
