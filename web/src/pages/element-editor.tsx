import { Button, Group, JsonInput, List, Loader, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { api, dataOf } from '../api/client.ts'
import type { components } from '../api/schema.d.ts'
import { Failure } from '../parts/failure.tsx'
import { LeaveQuestion } from '../parts/leave-question.tsx'
import { PageHead } from '../parts/page-head.tsx'

type Definition = components['schemas']['ElementDefinition']

const route = getRouteApi('/signed-in/elements/$key')

const beginning = JSON.stringify(
  {
    key: 'acme',
    name: 'Acme',
    hub: 'crm',
    description: 'Contacts of Acme.',
    configDescription: 'Make an API key under Settings > Integrations.',
    entries: [
      { key: 'acme.api.key', name: 'API key', type: 'password', required: true, secret: true },
    ],
    baseUrl: 'https://api.acme.example/v1',
    authentications: [{ type: 'bearer', name: 'API key', token: '{acme.api.key}' }],
    probes: [{ name: 'Who am I', method: 'GET', path: 'me', rules: [] }],
  },
  null,
  2,
)

/** An element of the organization's own, judged while it is typed. */
export function ElementEditor() {
  const { key } = route.useParams()
  const isNew = key === 'new'
  const { data, error } = useQuery({
    queryKey: ['elements', key, 'definition'],
    enabled: !isNew,
    queryFn: ({ signal }) =>
      dataOf(api.GET('/elements/{keyOrId}/export', { signal, params: { path: { keyOrId: key } } })),
  })
  if (error) return <Failure error={error} />
  if (!isNew && !data) return <Loader aria-label="Loading the definition" />
  return (
    <Editor
      key={key}
      elementKey={isNew ? undefined : key}
      initial={data ? JSON.stringify(data, null, 2) : beginning}
    />
  )
}

function Editor({ elementKey, initial }: { elementKey: string | undefined; initial: string }) {
  const [text, setText] = useState(initial)
  const isDone = useRef(false)
  const [settled] = useDebouncedValue(text, 400)
  const navigate = useNavigate()
  const queries = useQueryClient()
  const definition = parse(settled)
  const judgement = useQuery({
    queryKey: ['definition', settled],
    enabled: definition !== undefined,
    queryFn: ({ signal }) =>
      dataOf(api.POST('/elements/validate', { signal, body: definition as Definition })),
  })
  const saving = useMutation({
    mutationFn: () => {
      const body = parse(text) as Definition
      return elementKey === undefined
        ? dataOf(api.POST('/elements', { body }))
        : dataOf(
            api.PUT('/elements/{keyOrId}', { params: { path: { keyOrId: elementKey } }, body }),
          )
    },
    onSuccess: async ({ key, name }) => {
      isDone.current = true
      await queries.invalidateQueries({ queryKey: ['elements'] })
      notifications.show({ color: 'teal', message: `${name} is stored` })
      navigate({ to: '/new/$key', params: { key } })
    },
  })
  const problems = definition === undefined ? [notJson] : (judgement.data?.problems ?? [])
  return (
    <Stack>
      <LeaveQuestion isTyped={() => text !== initial && !isDone.current} />
      <PageHead
        title={elementKey === undefined ? 'New element' : `Element ${elementKey}`}
        about="What it asks for, how the vendor knows you, and how credentials are proved: data, never code."
      />
      {saving.error && <Failure error={saving.error} />}
      <JsonInput
        label="Definition"
        autosize
        minRows={20}
        maxRows={40}
        formatOnBlur
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        value={text}
        onChange={setText}
      />
      <div aria-live="polite">
        {problems.length === 0 && judgement.data && <Text size="sm">It can be used.</Text>}
        {problems.length > 0 && (
          <List size="sm" aria-label="What is wrong with it">
            {problems.map(({ pointer, reason }) => (
              <List.Item key={`${pointer} ${reason}`}>
                <b>{pointer || 'All of it'}</b> {reason}
              </List.Item>
            ))}
          </List>
        )}
      </div>
      <Group>
        <Button
          disabled={problems.length > 0}
          loading={saving.isPending}
          onClick={() => saving.mutate()}
        >
          Store, and try it
        </Button>
      </Group>
    </Stack>
  )
}

const notJson = { pointer: '', reason: 'is not JSON yet: look for a comma or a quote' }

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
