import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A key and a certificate for this machine, in files of a folder of their own; nobody but who is told trusts it. */
export interface TestCertificate {
  readonly key: string
  readonly cert: string
  remove(): void
}

/** Why no certificate can be made; undefined when one can. */
export function missingOpenssl(): string | undefined {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'no openssl on PATH to make a certificate'
  }
}

export function makeCertificate(): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'tq-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const kind = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  execFileSync('openssl', [...kind, '-days', '2', '-keyout', key, '-out', cert, ...subject], {
    stdio: 'ignore',
  })
  return { key, cert, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
