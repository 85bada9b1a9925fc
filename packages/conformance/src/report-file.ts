import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConformanceReport } from './run.ts'

/** Writes a report as `<suite>-<name>.json` into the folder that `TQ_CONFORMANCE_REPORT_DIR` names, if it does. */
export async function writeReport(report: ConformanceReport): Promise<void> {
  const folder = process.env['TQ_CONFORMANCE_REPORT_DIR']
  if (!folder) return
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${report.suite}-${report.name.replaceAll(/[^\w.-]/g, '_')}.json`)
  await writeFile(file, `${JSON.stringify(report, plain, 2)}\n`)
}

/** JSON has no `Infinity`, which some limits are. */
function plain(_key: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? 'Infinity' : value
}
