import { Tooltip } from '@mantine/core'

const units: [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ['year', 31_557_600],
  ['month', 2_629_800],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' })

/** A moment as people say it, in the reader's zone; the exact value on hover and focus. */
export function When({ at }: { at: string }) {
  const date = new Date(at)
  const seconds = (date.getTime() - Date.now()) / 1000
  const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1]
  return (
    <Tooltip label={exact.format(date)}>
      <time dateTime={at} style={{ whiteSpace: 'nowrap' }}>
        {relative.format(Math.round(seconds / length), unit)}
      </time>
    </Tooltip>
  )
}
