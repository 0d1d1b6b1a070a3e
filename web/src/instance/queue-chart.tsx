import '@mantine/charts/styles.css'
import { AreaChart } from '@mantine/charts'

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })

/** How many calls waited over the last minutes; the number of now stands beside it as text. */
export function QueueChart({ past }: { past: { at: number; waiting: number }[] }) {
  return (
    <AreaChart
      h={160}
      data={past.map(({ at, waiting }) => ({ at: clock.format(at), Waiting: waiting }))}
      dataKey="at"
      series={[{ name: 'Waiting', color: 'brand.6' }]}
      curveType="stepAfter"
      withDots={false}
      yAxisProps={{ allowDecimals: false, domain: [0, 'auto'] }}
      areaProps={{ isAnimationActive: false }}
    />
  )
}
