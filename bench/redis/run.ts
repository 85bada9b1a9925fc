// One peer in a process of its own: its heap and its compiled code are nobody else's. Prints its figures as JSON.
import { figuresOf, type Plan } from './measure.ts'
import { bullmq, raw, tq } from './peers.ts'

const [name = '', text = ''] = process.argv.slice(2)
const plan = JSON.parse(text) as Plan

const peers = {
  tq: () => tq(`${plan.url}/0`, `${plan.url}/0`),
  // Another database is another store: no step can change both.
  'tq, two stores': () => tq(`${plan.url}/0`, `${plan.url}/1`),
  BullMQ: () => bullmq(plan.url),
  'raw ioredis': () => raw(plan.url),
}
const open = peers[name as keyof typeof peers]
console.log(JSON.stringify(await figuresOf(await open(), plan)))
