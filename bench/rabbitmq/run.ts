// One peer in a process of its own: its heap and its compiled code are nobody else's. Prints its figures as JSON.
import { figuresOf, type Plan } from './measure.ts'
import { raw, tq } from './peers.ts'

const [name = '', text = ''] = process.argv.slice(2)
const plan = JSON.parse(text) as Plan
const open = { tq, 'raw amqplib': raw }[name]
if (!open) throw new Error(`no peer '${name}'`)
console.log(JSON.stringify(await figuresOf(await open(plan), plan)))
