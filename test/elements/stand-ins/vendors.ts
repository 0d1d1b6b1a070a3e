import { connectwise } from './connectwise.ts'
import { customers } from './customers.ts'
import { developers } from './developers.ts'
import { enterprises } from './enterprises.ts'
import { helpdesks } from './helpdesks.ts'
import { marketplaces } from './marketplaces.ts'
import { operations } from './operations.ts'
import { payments } from './payments.ts'
import { shops } from './shops.ts'
import type { StandIn } from './stand-in.ts'
import { workplaces } from './workplaces.ts'

/** Every vendor of the catalogue, by the key of its element. */
export const vendors: Record<string, StandIn> = {
  ...connectwise,
  ...customers,
  ...developers,
  ...enterprises,
  ...helpdesks,
  ...marketplaces,
  ...operations,
  ...payments,
  ...shops,
  ...workplaces,
}
