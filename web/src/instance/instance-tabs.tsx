import { ScrollArea, Stack, Tabs } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { elementQuery } from '../api/elements.ts'
import { instanceQuery, type ReadInstance } from '../api/instances.ts'
import { useIsAdmin } from '../api/session.ts'
import { AuditTable } from '../parts/audit-table.tsx'
import { Failure } from '../parts/failure.tsx'
import { AuthenticationTab } from './authentication-tab.tsx'
import { CallsTab } from './calls-tab.tsx'
import { DeleteInstance } from './delete-instance.tsx'
import { OverviewTab } from './overview-tab.tsx'
import { Reassign } from './reassign.tsx'
import { SettingsTab } from './settings-tab.tsx'
import { TokenTab } from './token-tab.tsx'

const names = {
  overview: 'Overview',
  settings: 'Settings',
  authentication: 'Authentication',
  token: 'Token',
  calls: 'Calls',
  audit: 'Audit',
  delete: 'Delete',
}

/** The parts of an instance's page; which one is open stands in the address. */
export function InstanceTabs({
  read,
  tab = 'overview',
  onTab,
}: {
  read: ReadInstance
  tab?: string | undefined
  onTab(tab: string): void
}) {
  const { instance } = read
  const { id } = instance
  const isAdmin = useIsAdmin()
  const element = useQuery(elementQuery(instance.element.key))
  const queries = useQueryClient()
  // Forms keep what was typed while the instance is read again; this begins them anew.
  const [round, setRound] = useState(0)
  const reload = async () => {
    await queries.invalidateQueries({ queryKey: instanceQuery(id).queryKey })
    setRound((before) => before + 1)
  }
  const form = { read, onReload: reload }
  return (
    <Tabs
      value={tab in names ? tab : 'overview'}
      onChange={(value) => onTab(value ?? 'overview')}
      keepMounted={false}
    >
      <ScrollArea type="never" viewportProps={{ tabIndex: -1 }}>
        <Tabs.List style={{ flexWrap: 'nowrap' }} mb="md">
          {Object.entries(names).map(([key, name]) => (
            <Tabs.Tab key={key} value={key}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </ScrollArea>
      <Tabs.Panel value="overview">
        <OverviewTab read={read} />
      </Tabs.Panel>
      <Tabs.Panel value="settings">
        {element.error && <Failure error={element.error} />}
        {element.data && <SettingsTab key={round} element={element.data} {...form} />}
      </Tabs.Panel>
      <Tabs.Panel value="authentication">
        {element.error && <Failure error={element.error} />}
        {element.data && <AuthenticationTab key={round} element={element.data} {...form} />}
      </Tabs.Panel>
      <Tabs.Panel value="token">
        <TokenTab id={id} />
      </Tabs.Panel>
      <Tabs.Panel value="calls">
        <CallsTab id={id} isLogged={instance.traceLoggingEnabled} />
      </Tabs.Panel>
      <Tabs.Panel value="audit">
        <AuditTable
          filters={{ instanceId: String(id) }}
          empty="Nothing was done to it that you may see."
          ofOne
        />
      </Tabs.Panel>
      <Tabs.Panel value="delete">
        <Stack gap="xl">
          <DeleteInstance instance={instance} />
          {isAdmin && <Reassign instance={instance} />}
        </Stack>
      </Tabs.Panel>
    </Tabs>
  )
}
