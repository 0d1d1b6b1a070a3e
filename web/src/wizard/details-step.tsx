import { Autocomplete, Select, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { poolsQuery, rateLimitsQuery } from '../api/limits.ts'
import { WindowsField } from '../parts/windows-field.tsx'
import { formatExample } from './date-example.ts'
import type { WizardForm } from './form.ts'
import { NewPool } from './new-pool.tsx'

const zones = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')]
const formats = [
  "yyyy-MM-dd'T'HH:mm:ssXXX",
  "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
  'yyyy-MM-dd HH:mm:ss',
  'yyyy-MM-dd',
  'unix',
  'unixMillis',
]

/** How calls through the instance are made; it begins as the element has it. */
export function DetailsStep({ form }: { form: WizardForm }) {
  const { timeZone, dateFormat, rateLimitId, rateLimits } = form.getValues()
  const limits = useQuery(rateLimitsQuery)
  const pools = useQuery(poolsQuery)
  return (
    <Stack>
      <Select
        label="Time zone"
        description="Dates in filters are converted into it."
        searchable
        data={zones}
        limit={100}
        {...form.getInputProps('timeZone')}
      />
      <div>
        <Autocomplete
          label="Date format"
          description="As the vendor expects dates: a pattern of Unicode TR35, or unix, or unixMillis."
          data={formats}
          {...form.getInputProps('dateFormat')}
        />
        {dateFormat !== '' && (
          <Text size="sm" mt={4} aria-live="polite">
            Now is written: <b>{formatExample(new Date(), dateFormat, timeZone)}</b>
          </Text>
        )}
      </div>
      {(limits.data?.length ?? 0) > 0 && (
        <Select
          label="Rate limit"
          description="A budget that several instances have together, or one of its own."
          clearable
          placeholder="One of its own"
          data={limits.data!.map(({ id, name }) => ({ value: String(id), label: name }))}
          {...form.getInputProps('rateLimitId')}
        />
      )}
      {rateLimitId === null && (
        <WindowsField
          windows={rateLimits}
          onChange={(windows) => form.setFieldValue('rateLimits', windows)}
        />
      )}
      <Select
        label="Connection pool"
        description="How many calls are in flight at once, together with other instances that name it."
        clearable
        placeholder="None"
        data={(pools.data ?? []).map(({ id, name, limit }) => ({
          value: String(id),
          label: `${name} (${limit} at once)`,
        }))}
        {...form.getInputProps('connectionPoolId')}
      />
      <NewPool onMade={(id) => form.setFieldValue('connectionPoolId', String(id))} />
    </Stack>
  )
}
