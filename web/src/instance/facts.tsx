import { Table, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Instance } from '../api/instances.ts'
import { StateBadge } from '../parts/state-badge.tsx'
import { When } from '../parts/when.tsx'

/** What stands about an instance, a line each. */
export function Facts({ instance }: { instance: Instance }) {
  const { state, stateSince, stateReason, lastCheck, verifiedAt, createdDate, updatedDate } =
    instance
  const { externalId, user, id, disabled } = instance
  // A test by hand that went well leaves the moment alone.
  const accepted = verifiedAt && { verdict: 'verified', at: verifiedAt, message: null }
  const latest = accepted && (!lastCheck || lastCheck.at < accepted.at) ? accepted : lastCheck
  const lines: [name: string, value: ReactNode][] = [
    [
      'State',
      <>
        {disabled && <StateBadge state="disabled" />} <StateBadge state={state} /> since{' '}
        <When at={stateSince} />
      </>,
    ],
    ...(stateReason ? [['Reason', stateReason] satisfies [string, string]] : []),
    [
      'Last check',
      latest ? (
        <>
          {latest.verdict}, <When at={latest.at} />
          {latest.message && <Text size="sm">{latest.message}</Text>}
        </>
      ) : (
        'It has not been checked yet'
      ),
    ],
    ['Last accepted by the vendor', verifiedAt ? <When at={verifiedAt} /> : 'Never'],
    ['Created', <When at={createdDate} />],
    ['Last changed', <When at={updatedDate} />],
    ['Owner', user.emailAddress],
    ...(externalId ? [['External id', externalId] satisfies [string, string]] : []),
    ['Id', String(id)],
  ]
  return (
    <Table aria-label="About this instance" variant="vertical" maw="48rem">
      <Table.Tbody>
        {lines.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th w="12rem" scope="row">
              {name}
            </Table.Th>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
