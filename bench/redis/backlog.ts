// Whether a long queue is slower than a short one. In a process of its own; prints tasks/s for each length.
import { payload } from './measure.ts'
import { tq } from './peers.ts'

const [url = '', ...lengths] = process.argv.slice(2)
const peer = await tq(url, url)
let stop: () => Promise<unknown> = async () => {}
const rates: Record<string, number> = {}
for (const length of lengths.map(Number)) {
  for (let sent = 0; sent < length; sent += 1_000) {
    await peer.sendMany(Array.from({ length: 1_000 }, (_, n) => payload(sent + n)))
  }
  let left = length
  let start = performance.now()
  await new Promise<void>((resolve, reject) => {
    // The first ones are the start of the worker.
    const task = () => {
      if (--left === length - 1_000) start = performance.now()
      if (left === 0) resolve()
    }
    peer.work(100, { task }).then((worker) => {
      stop = () => worker.stop()
    }, reject)
  })
  rates[length] = ((length - 1_000) * 1_000) / (performance.now() - start)
  await stop()
}
await peer.close()
console.log(JSON.stringify(rates))
