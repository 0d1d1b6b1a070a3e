import { connectwise } from './connectwise.ts'
import { consenting } from './consent.ts'
import { consentedAlone } from './consents-alone.ts'
import { businessConsents } from './consents-of-business.ts'
import { workConsents } from './consents-of-work.ts'
import { customers } from './customers.ts'
import { developers } from './developers.ts'
import { enterprises } from './enterprises.ts'
import { helpdesks } from './helpdesks.ts'
import { marketplaces } from './marketplaces.ts'
import { netsuite } from './netsuite.ts'
import { operations } from './operations.ts'
import { payments } from './payments.ts'
import { shops } from './shops.ts'
import type { StandIn } from './stand-in.ts'
import { trello } from './trello.ts'
import { workplaces } from './workplaces.ts'

const known: Record<string, StandIn> = {
  ...connectwise,
  ...customers,
  ...developers,
  ...enterprises,
  ...helpdesks,
  ...marketplaces,
  ...netsuite,
  ...operations,
  ...payments,
  ...shops,
  ...workplaces,
  ...trello,
}
const consents = Object.entries({ ...businessConsents, ...workConsents })

/** Every vendor of the catalogue, by the key of its element. */
export const vendors: Record<string, StandIn> = {
  ...known,
  ...Object.fromEntries(consents.map(([key, way]) => [key, consenting(known[key]!, way)])),
  ...consentedAlone,
}
