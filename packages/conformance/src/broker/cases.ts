import { ackCases } from './ack.ts'
import { adminCases } from './admin.ts'
import { batchCases } from './batch.ts'
import { bytesCases } from './bytes.ts'
import { capabilityCases } from './capabilities.ts'
import { changeCases } from './change.ts'
import { closeCases } from './close.ts'
import { concurrencyCases } from './concurrency.ts'
import { delayCases } from './delay.ts'
import { expiryCases } from './expiry.ts'
import { extendCases } from './extend.ts'
import { fencingCases } from './fencing.ts'
import { keeperCases } from './keeper.ts'
import { limitCases } from './limits.ts'
import { nackCases } from './nack.ts'
import type { BrokerCase } from './offers.ts'
import { orderingCases } from './ordering.ts'
import { priorityCases } from './priority.ts'
import { publishCases } from './publish.ts'
import { receiveCases } from './receive.ts'
import { reopenCases } from './reopen.ts'
import { severCases } from './sever.ts'

/** Every promise of a broker, in the order a new driver meets them. */
export const brokerCases: readonly BrokerCase[] = [
  ...capabilityCases,
  ...publishCases,
  ...receiveCases,
  ...ackCases,
  ...nackCases,
  ...extendCases,
  ...expiryCases,
  ...fencingCases,
  ...delayCases,
  ...priorityCases,
  ...orderingCases,
  ...batchCases,
  ...limitCases,
  ...bytesCases,
  ...concurrencyCases,
  ...closeCases,
  ...reopenCases,
  ...severCases,
  ...keeperCases,
  ...adminCases,
  ...changeCases,
]
