import type { Clock } from '../../contracts/time.ts'
import { Watchers } from '../watchers.ts'
import { Collections } from './collections.ts'
import { Counters } from './counters.ts'
import { Joins } from './joins.ts'
import { Parking } from './parking.ts'
import { PlaceTable } from './places.ts'
import { Rates } from './rates.ts'
import { Values } from './values.ts'

/** The shared state of one store. Names of one kind do not meet those of another. */
export class StateData {
  readonly clock: Clock
  readonly watchers = new Watchers()
  readonly values: Values
  readonly collections: Collections
  readonly joins: Joins
  readonly parking: Parking
  readonly places: PlaceTable
  readonly rates: Rates
  readonly counters: Counters

  constructor(clock: Clock) {
    this.clock = clock
    this.values = new Values(clock)
    this.collections = new Collections(clock)
    this.joins = new Joins(clock)
    this.parking = new Parking(clock)
    this.places = new PlaceTable(clock)
    this.rates = new Rates(clock)
    this.counters = new Counters(clock)
  }
}
