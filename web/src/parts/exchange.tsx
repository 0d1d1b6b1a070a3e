import {
  Button,
  Code,
  CopyButton,
  Group,
  ScrollArea,
  Stack,
  Table,
  Tabs,
  Text,
} from '@mantine/core'
import type { components } from '../api/schema.d.ts'

export type Exchange = components['schemas']['Exchange']

/** *View details*: what was sent to the vendor and how it answered, secrets as stars. */
export function ExchangeView({ exchange }: { exchange: Exchange }) {
  const { request, response, failure, durationMs } = exchange
  return (
    <Tabs defaultValue={response || failure ? 'response' : 'request'}>
      <Tabs.List>
        <Tabs.Tab value="request">Request</Tabs.Tab>
        <Tabs.Tab value="response">Response</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="request" pt="sm">
        <Stack gap="sm">
          <Group justify="space-between">
            <Code>
              {request.method} {request.url}
            </Code>
            <CopyButton value={curlOf(request)}>
              {({ copied, copy }) => (
                <Button size="compact-sm" variant="default" onClick={copy}>
                  {copied ? 'Copied' : 'Copy as curl, without secrets'}
                </Button>
              )}
            </CopyButton>
          </Group>
          <MessageView headers={request.headers} body={request.body} />
        </Stack>
      </Tabs.Panel>
      <Tabs.Panel value="response" pt="sm">
        <Stack gap="sm">
          <Text size="sm">
            {response ? `Status ${response.status}.` : (failure?.message ?? 'No answer came.')}{' '}
            {`After ${durationMs} ms.`}
          </Text>
          {response && <MessageView headers={response.headers} body={response.body} />}
        </Stack>
      </Tabs.Panel>
    </Tabs>
  )
}

/** Headers and body of a message, as far as there are any. */
export function MessageView(message: { headers: Record<string, string>; body: string | null }) {
  return (
    <>
      <Headers headers={message.headers} />
      <Body text={message.body} />
    </>
  )
}

function Headers({ headers }: { headers: Record<string, string> }) {
  return (
    <Table withRowBorders={false} verticalSpacing={2} aria-label="Headers">
      <Table.Tbody>
        {Object.entries(headers).map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th w="14rem">{name}</Table.Th>
            <Table.Td>
              <Code>{value}</Code>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function Body({ text }: { text: string | null }) {
  if (!text) return <Text size="sm">No body</Text>
  return (
    <ScrollArea.Autosize mah="20rem" type="auto" viewportProps={{ tabIndex: 0 }}>
      <Code block>{pretty(text)}</Code>
    </ScrollArea.Autosize>
  )
}

/** JSON and XML with an element a line; anything else as it came. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text.trimStart().startsWith('<') ? indentXml(text) : text
  }
}

function indentXml(text: string): string {
  let depth = 0
  return text
    .replace(/>\s*</g, '>\n<')
    .split('\n')
    .map((line) => {
      if (line.startsWith('</')) depth = Math.max(0, depth - 1)
      const indented = '  '.repeat(depth) + line
      const opens = /^<[^!?/][^>]*[^/]>$/.test(line) || /^<\w>$/.test(line)
      if (opens) depth += 1
      return indented
    })
    .join('\n')
}

function curlOf({ method, url, headers, body }: Exchange['request']): string {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  return [
    `curl -X ${method} ${quote(url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    ...(body ? [`--data-raw ${quote(body)}`] : []),
  ].join(' \\\n  ')
}
