import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { join, relative } from 'node:path'

/** What changes there is not the application's code. */
const ignored = new Set(['node_modules', '.tq', '.git', 'dist', 'coverage'])
const watched = /\.([cm]?[jt]sx?|json|env)$|^\.env/
/** Editors write a file in several steps, builds write many files. */
const quietMs = 100

/**
 * Calls back once after a burst of changes to source files below a folder. One watcher per folder instead of a
 * recursive one, which would watch all of node_modules.
 */
export class FolderWatch {
  readonly #root: string
  readonly #onChange: (file: string) => void
  readonly #watchers = new Map<string, FSWatcher>()
  #timer: NodeJS.Timeout | undefined

  constructor(root: string, onChange: (file: string) => void) {
    this.#root = root
    this.#onChange = onChange
    this.#add(root)
  }

  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
  }

  #add(folder: string): void {
    if (this.#watchers.has(folder)) return
    const watcher = watch(folder, (_, name) => {
      if (name) this.#changed(folder, name)
    })
    this.#watchers.set(folder, watcher)
    // The folder was removed.
    watcher.on('error', () => this.#remove(folder))
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !ignored.has(entry.name)) this.#add(join(folder, entry.name))
    }
  }

  #remove(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }

  #changed(folder: string, name: string): void {
    if (ignored.has(name)) return
    const path = join(folder, name)
    const stats = statSync(path, { throwIfNoEntry: false })
    if (!stats) this.#remove(path)
    else if (stats.isDirectory()) this.#add(path)
    if (!watched.test(name)) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#onChange(relative(this.#root, path)), quietMs)
  }
}
