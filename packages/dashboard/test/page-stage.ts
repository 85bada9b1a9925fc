import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sqlite } from '@tq/sqlite'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect } from 'vitest'
import { type Listening, listenForDashboard } from '../src/index.ts'
import { missingBrowser, startBrowser } from './browser.ts'
import { openScene, type Scene } from './scene.ts'

/** An application with workers, its dashboard, and a browser that looks at it. */
export class PageStage {
  scene!: Scene
  dashboard!: Listening
  page!: Page
  /** What the browser, or the page, had to complain about. A test that expects some takes them away. */
  complaints: string[] = []
  #browser: Browser | undefined
  #close: (() => void) | undefined

  async start(): Promise<void> {
    this.#browser = await startBrowser()
    const folder = mkdtempSync(join(tmpdir(), 'tq-pages-'))
    this.#close = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    const broker = `sqlite:${join(folder, 'q.db')}`
    this.scene = await openScene({ adapters: [sqlite({ synchronous: 'normal' })], broker })
    this.dashboard = await listenForDashboard(this.scene.app, { port: 0 })
  }

  async end(): Promise<void> {
    await this.#browser?.close()
    await this.dashboard?.close()
    await this.scene?.end()
    this.#close?.()
  }

  /** A page of the dashboard in a fresh window, once it is live. */
  async open(path: string, width = 1280): Promise<Page> {
    if (!this.#browser) throw new Error('no browser')
    const context = await this.#browser.newContext({ viewport: { width, height: 800 } })
    this.page = await context.newPage()
    this.page.setDefaultTimeout(10_000)
    this.complaints = []
    this.page.on('pageerror', (error) => this.complaints.push(String(error)))
    this.page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text())
    })
    this.page.on('dialog', (dialog) => {
      this.complaints.push(`a dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    await this.go(path)
    return this.page
  }

  async go(path: string): Promise<void> {
    await this.page.goto(`${this.dashboard.url}${path}`)
    await this.page.waitForSelector('.connection.live')
    await this.page.waitForSelector('.loading', { state: 'detached' })
  }

  /** The tasks in the list that are in view. */
  get rows() {
    return this.page.locator('.rows-inside [role=row]')
  }
}

/** Tests in a browser, on SQLite. Those of worker processes on each broker are in the workspace's `test/dashboard`. */
export function describePages(body: (stage: PageStage) => void): void {
  const reason = missingBrowser()
  describe.skipIf(reason !== undefined)(`in a browser${reason ? ` (${reason})` : ''}`, () => {
    const stage = new PageStage()
    beforeAll(() => stage.start())
    afterAll(() => stage.end())
    afterEach(async () => {
      await stage.page.context().close()
      expect(stage.complaints).toEqual([])
    })
    body(stage)
  })
}
