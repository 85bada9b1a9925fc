import 'reflect-metadata'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { expect, onTestFinished, test } from 'vitest'
import type { Dashboard } from '../src/index.ts'
import { Events, memoryApp, openDashboard, startWorker } from './harness.ts'

/** Mounts it under `/admin/tq`, beside a page of the application's own; gives the address of the server. */
type Mount = (dashboard: Dashboard) => Promise<string>

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => end(server))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function end(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

const mounts: Readonly<Record<string, Mount>> = {
  'node:http': (dashboard) =>
    listen((request, response) => {
      const { url = '' } = request
      if (url === '/own') {
        response.end('own')
        return
      }
      // A few lines by hand: what frameworks do.
      const cut = url.replace(/^\/admin\/tq/, '')
      dashboard.node(
        Object.assign(request, { originalUrl: url, url: cut.startsWith('/') ? cut : `/${cut}` }),
        response,
      )
    }),
  Express: (dashboard) => {
    const app = express()
    app.get('/own', (_, response) => void response.send('own'))
    app.use('/admin/tq', dashboard.node)
    return listen(app)
  },
  'Express behind express.json()': (dashboard) => {
    const app = express()
    app.use(express.json(), express.urlencoded())
    app.get('/own', (_, response) => void response.send('own'))
    app.use('/admin/tq', dashboard.node)
    return listen(app)
  },
  Fastify: async (dashboard) => {
    const app = fastify()
    app.get('/own', async () => 'own')
    await app.register(dashboard.fastify, { prefix: '/admin/tq' })
    onTestFinished(() => app.close())
    return await app.listen({ port: 0, host: '127.0.0.1' })
  },
  'Hono on Node': async (dashboard) => {
    const app = new Hono()
    app.get('/own', (context) => context.text('own'))
    app.mount('/admin/tq', dashboard.fetch)
    return await serveHono(app)
  },
  'Hono, with the request as it came': async (dashboard) => {
    const app = new Hono()
    app.get('/own', (context) => context.text('own'))
    app.mount('/admin/tq', dashboard.fetch, (context) => context.req.raw)
    return await serveHono(app)
  },
  'Nest on Express': async (dashboard) => {
    class Empty {}
    Module({})(Empty)
    const app = await NestFactory.create(Empty, { logger: false })
    app.use('/admin/tq', dashboard.node)
    app
      .getHttpAdapter()
      .get('/own', (_: unknown, response: { send(text: string): void }) => response.send('own'))
    await app.listen(0, '127.0.0.1')
    // As an application does when it shuts down: live pages have no end of their own.
    onTestFinished(async () => {
      dashboard.close()
      await app.close()
    })
    return (await app.getUrl()).replace('[::1]', '127.0.0.1')
  },
}

async function serveHono(app: Hono): Promise<string> {
  return await new Promise((resolve) => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve(`http://127.0.0.1:${port}`),
    )
    onTestFinished(() => end(server as Server))
  })
}

test.each(Object.keys(mounts))(
  'mounted in %s, everything works and nothing else is touched',
  async (name) => {
    const app = memoryApp()
    const task = app.task({ name: 'task', queue: 'odd_name.1', run: () => 1 })
    await startWorker(app)
    const sent = await task.delay()
    await sent.get({ timeout: '5s' })
    const mount = mounts[name] as Mount
    const origin = await mount(openDashboard(app))

    const redirect = await fetch(`${origin}/admin/tq?last=1h`, { redirect: 'manual' })
    expect(redirect.status).toBe(307)
    const root = new URL(redirect.headers.get('location') ?? '', `${origin}/admin/tq`)
    expect(root.href).toBe(`${origin}/admin/tq/?last=1h`)

    const page = await fetch(root)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toContain('text/html')
    const html = await page.text()
    const assets = [...html.matchAll(/(?:src|href)="(\.\/[^"]+)"/g)].map(([, path = '']) => path)
    expect(assets.length).toBeGreaterThanOrEqual(3)
    for (const path of assets) {
      const asset = await fetch(new URL(path, root))
      expect([path, asset.status, asset.headers.get('x-content-type-options')]).toEqual([
        path,
        200,
        'nosniff',
      ])
      await asset.arrayBuffer()
    }
    expect(await (await fetch(`${origin}/admin/tq/task?id=1`)).text()).toBe(html)
    for (const path of [
      'nothing',
      'assets/nothing.js',
      'assets/../../package.json',
      '..%2f..%2fpackage.json',
      'api/nothing',
    ])
      expect([path, (await fetch(`${origin}/admin/tq/${path}`)).status]).toEqual([path, 404])

    const detail = await fetch(`${origin}/admin/tq/api/task?id=${encodeURIComponent(sent.id)}`)
    expect(await detail.json()).toMatchObject({ id: sent.id, state: 'SUCCESS', queue: 'odd_name.1' })

    const post = (
      headers: Record<string, string>,
      body: unknown = { queue: 'odd_name.1', reason: 'ünïcode 🚦' },
      action = 'pause-queue',
    ) =>
      fetch(`${origin}/admin/tq/api/do/${action}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await post({ 'sec-fetch-site': 'same-origin', 'content-type': 'text/plain' })).status).toBe(415)
    expect((await post({ 'sec-fetch-site': 'same-origin' }, {})).status).toBe(400)
    expect((await post({ 'sec-fetch-site': 'same-origin' })).status).toBe(200)
    expect((await app.inspect.audit())[0]).toMatchObject({
      action: 'pause',
      target: 'odd_name.1',
      outcome: 'ünïcode 🚦',
    })

    const stream = await fetch(`${origin}/admin/tq/api/live?get=overview`)
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    expect(stream.headers.get('cache-control')).toContain('no-transform')
    const events = new Events(stream)
    await events.next(({ get, data }) => get === 'overview' && JSON.stringify(data).includes('ünïcode 🚦'))
    await post({ 'sec-fetch-site': 'same-origin' }, { queue: 'odd_name.1' }, 'resume-queue')
    await events.next(({ data }) =>
      (data as { queues: { paused: unknown }[] }).queues.every(({ paused }) => paused === null),
    )
    // It stays open: a server that is stopped must not wait for it.

    expect(await (await fetch(`${origin}/own`)).text()).toBe('own')
  },
)
