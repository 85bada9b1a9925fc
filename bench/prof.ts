import { createApp, createWorker, type } from '@tq/core'
import { redis as redisAdapter } from '@tq/redis'
import { Redis } from 'ioredis'
import { startRedis } from '/work/w-redis/packages/redis/test/services/redis.ts'
const server = await startRedis([], true)
const client = new Redis(server.url)
const payload = (n: number) => ({ user: n, name: `user ${n} of the benchmark`, tags: ['alpha', 'beta', 'gamma'] })
const stats = async (label: string) => {
  const info = await client.info('commandstats')
  console.log(label, info.split('\n').filter(l=>l.startsWith('cmdstat')).map(l=>{const m=/cmdstat_([^:]+):calls=(\d+),usec=(\d+)/.exec(l);return `${m?.[1]} ${m?.[2]} (${m?.[3]}us)`}).join(', '))
  await client.call('CONFIG','RESETSTAT')
}
const app = createApp({ broker: server.url, adapters: [redisAdapter()] })
let done=0, target=Infinity, finish=()=>{}
const noop = app.task({ name: 'noop', input: type<any>(), run: () => { if (++done === target) finish(); return { ok: true } } })
await noop.delay(payload(0))
await stats('open')
const mode = process.argv[2]
const N = Number(process.argv[3] ?? 2000)
let t=performance.now(), c=process.cpuUsage()
const show=(l:string,n:number)=>{const d=process.cpuUsage(c);console.log(l,((performance.now()-t)*1000/n).toFixed(1),'us/task cpu',((d.user+d.system)/n).toFixed(1))}
if (mode.includes('s')) { for (let n=0;n<2000;n++) await noop.delay(payload(n)); show('single',2000); await stats('single') }
t=performance.now(); c=process.cpuUsage()
for (let s=0;s<N;s+=1000) await noop.delayMany(Array.from({length:1000},(_, n)=>payload(n)))
show('bulk',N); await stats('bulk')
target = N + 1 + (mode.includes('s')?2000:0)
const fin = new Promise<void>(r=>{finish=r})
const worker = createWorker(app, { concurrency: 100 })
t=performance.now(); c=process.cpuUsage()
await worker.start(); await fin; await worker.stop()
show('drain',target); await stats('drain')
await app.close(); client.disconnect(); await server.stop()
