import { ActionIcon, Button, Group, Input, NumberInput, Select, Stack, Text } from '@mantine/core'
import { IconPlus, IconTrash } from '@tabler/icons-react'

const units = ['second', 'minute', 'hour', 'day'] as const
const most = 10

export interface LimitWindow {
  amount: number
  every: number
  unit: (typeof units)[number]
}

/** At most so many calls in a time; several hold at once. What exceeds them waits its turn. */
export function WindowsField({
  windows,
  onChange,
}: {
  windows: readonly LimitWindow[]
  onChange(windows: LimitWindow[]): void
}) {
  const change = (at: number, part: Partial<LimitWindow>) =>
    onChange(windows.map((window, place) => (place === at ? { ...window, ...part } : window)))
  return (
    <Input.Wrapper
      label="Rate limits"
      labelElement="div"
      description="What exceeds them is queued, and sent when there is room again. Several hold at once."
    >
      <Stack gap="xs" mt="xs">
        {windows.length === 0 && <Text size="sm">None: calls are sent at once.</Text>}
        {windows.map((window, at) => (
          <Group key={at} gap="xs" wrap="nowrap">
            <NumberInput
              aria-label="Calls"
              min={1}
              allowDecimal={false}
              w="7rem"
              value={window.amount}
              onChange={(amount) => change(at, { amount: Number(amount) })}
            />
            <Text size="sm">per</Text>
            <NumberInput
              aria-label="How many units"
              min={1}
              max={1000}
              allowDecimal={false}
              w="5rem"
              value={window.every}
              onChange={(every) => change(at, { every: Number(every) })}
            />
            <Select
              aria-label="Unit"
              data={[...units]}
              allowDeselect={false}
              w="8rem"
              miw="6rem"
              value={window.unit}
              onChange={(unit) => change(at, { unit: unit as LimitWindow['unit'] })}
            />
            <ActionIcon
              variant="subtle"
              aria-label={`Remove the limit of ${window.amount} per ${window.unit}`}
              size="lg"
              onClick={() => onChange(windows.filter((_, place) => place !== at))}
            >
              <IconTrash size={16} aria-hidden />
            </ActionIcon>
          </Group>
        ))}
        <Group>
          <Button
            variant="default"
            size="compact-sm"
            leftSection={<IconPlus size={14} aria-hidden />}
            disabled={windows.length >= most}
            onClick={() => onChange([...windows, { amount: 10, every: 1, unit: 'second' }])}
          >
            Add a limit
          </Button>
        </Group>
      </Stack>
    </Input.Wrapper>
  )
}
