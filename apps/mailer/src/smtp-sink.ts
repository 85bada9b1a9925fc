import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerAddress, type SMTPServerSession } from 'smtp-server'

/** A mail that arrived. */
export interface Arrived {
  readonly to: string
  readonly messageId: string
  readonly at: number
}

/** A mail server for trying things: keeps what arrives, refuses some addresses, puts others off at first. */
export class SmtpSink {
  readonly arrived: Arrived[] = []
  readonly #server: SMTPServer
  readonly #putOff = new Set<string>()

  constructor() {
    this.#server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo: ({ address }: SMTPServerAddress, _session: SMTPServerSession, answer) =>
        answer(this.#refuse(address)),
      onData: (stream, { envelope }, answer) => {
        let text = ''
        stream.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        stream.once('end', () => {
          const messageId = /^message-id:\s*(\S+)/im.exec(text)?.[1] ?? ''
          for (const { address } of envelope.rcptTo)
            this.arrived.push({ to: address, messageId, at: Date.now() })
          answer()
        })
      },
    })
  }

  /** Starts it on a free port of this machine. Returns the URL for `SMTP_URL`. */
  async start(): Promise<string> {
    const server = this.#server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(resolve))
  }

  #refuse(address: string): Error | null {
    if (address.startsWith('nobody@')) return withCode(550, 'no such mailbox')
    // As servers do that want to see whether the sender is a real one.
    if (address.startsWith('greylisted@') && !this.#putOff.has(address)) {
      this.#putOff.add(address)
      return withCode(451, 'try again later')
    }
    return null
  }
}

function withCode(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}
