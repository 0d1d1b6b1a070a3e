import {
  Alert,
  Badge,
  Button,
  Code,
  Group,
  MultiSelect,
  Stack,
  Switch,
  TextInput,
} from '@mantine/core'
import { useForm } from '@mantine/form'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { api, dataOf } from '../api/client.ts'
import { type Webhook, webhooksQuery } from '../api/webhooks.ts'
import { DataTable } from '../parts/data-table.tsx'
import { DeleteButton } from '../parts/delete-button.tsx'
import { Failure } from '../parts/failure.tsx'
import { FormModal } from '../parts/form-modal.tsx'
import { PageHead } from '../parts/page-head.tsx'
import { When } from '../parts/when.tsx'

const events = [
  '*',
  'instance.created',
  'instance.verified',
  'instance.failed',
  'instance.expiring',
  'instance.deleted',
] as const

/** Where the organization's events are sent, each signed. */
export function Webhooks() {
  const { data, error } = useQuery(webhooksQuery)
  const [edited, setEdited] = useState<Webhook | 'new'>()
  const [secret, setSecret] = useState<string>()
  const queries = useQueryClient()
  const refresh = () => queries.invalidateQueries({ queryKey: webhooksQuery.queryKey })
  return (
    <Stack>
      <PageHead
        title="Webhooks"
        about="Tells your own service when an instance is made, verified, fails, is about to expire or is deleted."
      >
        <Button onClick={() => setEdited('new')}>Add a webhook</Button>
      </PageHead>
      {secret && (
        <Alert
          color="teal"
          title="The signing secret"
          withCloseButton
          closeButtonLabel="Hide the secret"
          onClose={() => setSecret(undefined)}
        >
          Check with it that an event comes from here (Standard Webhooks). It is shown this once:{' '}
          <Code>{secret}</Code>
        </Alert>
      )}
      <DataTable
        label="Webhooks"
        rows={data}
        error={error}
        empty="Nobody is told of anything yet. Add the address of a service of yours."
        columns={[
          { name: 'Address', render: ({ url }) => url },
          { name: 'Events', render: ({ events }) => events.join(', ') },
          { name: 'State', render: (webhook) => <WebhookState webhook={webhook} /> },
          {
            name: 'Actions',
            render: (webhook) => (
              <Group gap={4} wrap="nowrap">
                <Button
                  size="compact-sm"
                  variant="subtle"
                  component={Link}
                  to={`/webhooks/${webhook.id}`}
                  aria-label={`Deliveries to ${webhook.url}`}
                >
                  Deliveries
                </Button>
                <TestButton webhook={webhook} />
                <Button
                  size="compact-sm"
                  variant="subtle"
                  aria-label={`Change ${webhook.url}`}
                  onClick={() => setEdited(webhook)}
                >
                  Change
                </Button>
                <DeleteButton
                  name={webhook.url}
                  onDelete={async () => {
                    await api.DELETE('/webhooks/{id}', { params: { path: { id: webhook.id } } })
                    await refresh()
                  }}
                >
                  What still waits to be sent there is lost.
                </DeleteButton>
              </Group>
            ),
          },
        ]}
      />
      {edited && (
        <WebhookForm
          webhook={edited === 'new' ? undefined : edited}
          onClose={() => setEdited(undefined)}
          onSaved={async (saved) => {
            if (!saved.secret.includes('*')) setSecret(saved.secret)
            await refresh()
          }}
        />
      )}
    </Stack>
  )
}

function WebhookState({ webhook }: { webhook: Webhook }) {
  const { active, inactiveReason, failingSince } = webhook
  if (!active) {
    return (
      <Badge color="gray" miw="max-content" title={inactiveReason ?? undefined}>
        stopped
      </Badge>
    )
  }
  if (!failingSince) return <Badge miw="max-content">active</Badge>
  return (
    <span>
      <Badge color="red" miw="max-content">
        failing
      </Badge>{' '}
      since <When at={failingSince} />
    </span>
  )
}

function TestButton({ webhook }: { webhook: Webhook }) {
  const { mutate, isPending } = useMutation({
    mutationFn: () =>
      dataOf(api.POST('/webhooks/{id}/test', { params: { path: { id: webhook.id } } })),
    onSuccess: ({ delivered, status, failure }) =>
      notifications.show({
        color: delivered ? 'teal' : 'red',
        title: delivered ? 'It was delivered' : 'It was not delivered',
        message: failure?.message ?? `The receiver answered ${status}.`,
      }),
    onError: (error) =>
      notifications.show({ color: 'red', message: <Failure error={error} />, withBorder: true }),
  })
  return (
    <Button
      size="compact-sm"
      variant="subtle"
      loading={isPending}
      aria-label={`Send a test event to ${webhook.url}`}
      onClick={() => mutate()}
    >
      Test
    </Button>
  )
}

function WebhookForm({
  webhook,
  onClose,
  onSaved,
}: {
  webhook: Webhook | undefined
  onClose(): void
  onSaved(saved: Webhook): Promise<unknown>
}) {
  const form = useForm({
    initialValues: {
      url: webhook?.url ?? '',
      events: (webhook?.events ?? ['*']) as (typeof events)[number][],
      description: webhook?.description ?? '',
      active: webhook?.active ?? true,
      rotateSecret: false,
    },
  })
  const save = async () => {
    const { rotateSecret, ...body } = form.getValues()
    const saved = webhook
      ? await dataOf(
          api.PATCH('/webhooks/{id}', {
            params: { path: { id: webhook.id } },
            body: { ...body, ...(rotateSecret && { rotateSecret }) },
          }),
        )
      : await dataOf(api.POST('/webhooks', { body }))
    await onSaved(saved)
  }
  return (
    <FormModal
      opened
      title={webhook ? `Change ${webhook.url}` : 'Add a webhook'}
      verb={webhook ? 'Save' : 'Add'}
      onClose={onClose}
      onSubmit={save}
    >
      <TextInput
        label="Address"
        placeholder="https://app.example.com/hooks"
        required
        data-autofocus
        {...form.getInputProps('url')}
      />
      <MultiSelect
        label="Events"
        description="* is everything, also what is yet to come"
        data={[...events]}
        required
        {...form.getInputProps('events')}
      />
      <TextInput label="Description" {...form.getInputProps('description')} />
      <Switch label="Active" {...form.getInputProps('active', { type: 'checkbox' })} />
      {webhook && (
        <Switch
          label="Make a new signing secret"
          description="Needed where the address is on another host"
          {...form.getInputProps('rotateSecret', { type: 'checkbox' })}
        />
      )}
    </FormModal>
  )
}
