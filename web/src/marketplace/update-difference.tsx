import { Code, List, Text } from '@mantine/core'
import type { components } from '../api/schema.d.ts'

/** What is different in the newer version, a line each. */
export function UpdateDifference({
  update: { entries, authentications, others },
}: {
  update: components['schemas']['ElementUpdate']
}) {
  const changed = entries.changed.flatMap(({ key, changes }) =>
    changes.map(({ member, from, to }) => ({ key, member, from, to })),
  )
  const lines = [
    ...entries.added.map((key) => `Asks for ${key}`),
    ...entries.removed.map((key) => `Asks no more for ${key}`),
    ...authentications.added.map((key) => `Can authenticate by ${key}`),
    ...authentications.removed.map((key) => `Can authenticate no more by ${key}`),
    ...authentications.changed.map((key) => `Authenticates differently by ${key}`),
    ...others.map((part) => `Changes ${part}`),
  ]
  if (lines.length + changed.length === 0) return <Text size="sm">Nothing that shows.</Text>
  return (
    <List size="sm">
      {lines.map((line) => (
        <List.Item key={line}>{line}</List.Item>
      ))}
      {changed.map(({ key, member, from, to }) => (
        <List.Item key={`${key} ${member}`}>
          {key}: {member} was <Code>{JSON.stringify(from) ?? 'not said'}</Code>, and becomes{' '}
          <Code>{JSON.stringify(to) ?? 'not said'}</Code>
        </List.Item>
      ))}
    </List>
  )
}
