import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'

const longestName = 80
/** An upload that is older than this and unknown to the database will not be finished any more. */
const orphanAgeMs = 3_600_000

/**
 * A name that is safe in any file system: no folders, no control characters, no leading dots, not too long. Both kinds
 * of slashes separate folders, for the sender's system need not be ours.
 */
export function safeFileName(name: string): string {
  const base = basename(name.replaceAll('\\', '/'))
    .normalize('NFC')
    .replace(/[^\p{L}\p{N}._ -]/gu, '_')
    .replace(/^[. ]+|[. ]+$/g, '')
  const extension = extname(base)
  return (
    base.slice(0, base.length - extension.length).slice(0, longestName) + extension.slice(0, 12) || 'unnamed'
  )
}

/** Keeps an upload and returns where. Never overwrites: each gets a name of its own. */
export async function storeUpload(directory: string, fileName: string, bytes: Uint8Array): Promise<string> {
  const folder = join(directory, 'files')
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${randomUUID()}-${safeFileName(fileName)}`)
  // Flushed: the task that needs it may outlive this machine's power.
  await writeFile(path, bytes, { flag: 'wx', flush: true })
  return path
}

/** Removes stored files that nobody knows, and returns how many. */
export async function removeOrphans(directory: string, isKnown: (path: string) => boolean): Promise<number> {
  const folder = join(directory, 'files')
  const names = await readdir(folder).catch(() => [])
  let removed = 0
  for (const name of names) {
    const path = join(folder, name)
    if (isKnown(path) || Date.now() - (await stat(path)).mtimeMs < orphanAgeMs) continue
    await rm(path, { force: true })
    removed++
  }
  return removed
}
