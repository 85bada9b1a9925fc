import type { Socket } from 'node:net'
import { hostname } from 'node:os'
import type { Clock, Millis } from '@tq/core/driver'
import { type Channel, type ChannelModel, type ConfirmChannel, connect } from 'amqplib'
import { ClosedError, UnreachableError } from './errors.ts'
import type { Host, ResolvedOptions } from './options.ts'
import { Pulse } from './pulse.ts'

/** A handshake that takes longer leads nowhere. */
const handshakeMs: Millis = 5_000
/** Closing politely takes no longer than this. */
const goodbyeMs: Millis = 1_000

/** One connection, from its handshake to its end. It never comes back: the link makes another one. */
export class Live {
  readonly model: ChannelModel
  readonly #lost = new AbortController()
  readonly #pulse: Pulse
  #blocked: string | undefined
  /** Set by whoever sends on it: called when the server stops reading. */
  onBlocked: () => void = () => {}

  constructor(model: ChannelModel, clock: Clock) {
    this.model = model
    model.on('error', (error) => this.#end(error))
    model.on('close', (error) => this.#end(error))
    model.on('blocked', (reason) => {
      this.#blocked = reason
      this.onBlocked()
    })
    model.on('unblocked', () => {
      this.#blocked = undefined
    })
    this.#pulse = new Pulse(this, clock)
  }

  /** Aborted when the connection is gone; the reason is an error. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** Why the server reads no messages, while it does not. It tells only who tries to send one. */
  get blocked(): string | undefined {
    return this.#blocked
  }

  get version(): string {
    return this.model.connection.serverProperties.version
  }

  async channel(): Promise<Channel> {
    return quiet(await this.model.createChannel())
  }

  async confirmChannel(): Promise<ConfirmChannel> {
    return quiet(await this.model.createConfirmChannel())
  }

  /** Does something on a channel of its own, since what fails ends its channel. */
  async aside<T>(act: (channel: Channel) => Promise<T>): Promise<T> {
    const channel = await this.channel()
    try {
      return await act(channel)
    } finally {
      // After a failure it is closed already.
      await channel.close().catch(() => {})
    }
  }

  /** Ends it without a word, as everything that waits for an answer on it has to learn now. */
  destroy(error: Error): void {
    this.#socket.destroy(error)
    this.#end(error)
  }

  /** Ends it so that the server never looks at what lies in its buffers. */
  reset(error: Error): void {
    this.#socket.resetAndDestroy()
    // A socket that resets says nothing itself, and amqplib would wait for ever.
    this.#socket.emit('error', error)
    this.#end(error)
  }

  /** How much has come from the server so far. */
  get bytesRead(): number {
    return this.#socket.bytesRead
  }

  /** amqplib itself ends a connection only by asking the server, who may not answer. */
  get #socket(): Socket {
    return (this.model.connection as unknown as { readonly stream: Socket }).stream
  }

  async close(clock: Clock): Promise<void> {
    this.#pulse.stop()
    if (this.lost.aborted) return
    await new Promise<void>((resolve) => {
      const cancel = clock.setTimer(goodbyeMs, resolve)
      const done = () => {
        cancel()
        resolve()
      }
      this.lost.addEventListener('abort', done)
      this.model.close().then(done, done)
    })
    this.destroy(new ClosedError())
  }

  #end(error: unknown): void {
    this.#pulse.stop()
    if (this.lost.aborted) return
    this.#lost.abort(error instanceof Error ? error : new UnreachableError('the connection was closed'))
  }
}

/** An error of a channel is told to whoever uses it; without a listener it would end the process. */
function quiet<Kind extends Channel>(channel: Kind): Kind {
  channel.on('error', () => {})
  return channel
}

/**
 * A connection that is made when it is needed, and made anew when it was lost. It never waits for a server that is away:
 * whoever needs it asks again.
 */
export class Link {
  readonly #options: ResolvedOptions
  readonly #use: string
  readonly #clock: Clock
  #live: Live | undefined
  #connecting: Promise<Live> | undefined
  #nextHost = 0
  #closed = false

  /** @param use what for, for people who read the server's lists */
  constructor(options: ResolvedOptions, use: string, clock: Clock) {
    this.#options = options
    this.#use = use
    this.#clock = clock
  }

  /** The connection, if there is one now. */
  get current(): Live | undefined {
    return this.#live?.lost.aborted ? undefined : this.#live
  }

  async get(): Promise<Live> {
    if (this.#closed) throw new ClosedError()
    const { current } = this
    if (current) return current
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return await this.#connecting
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#connecting?.catch(() => {})
    await this.#live?.close(this.#clock)
  }

  /** Tries each node once, beginning with the one after the last that was used. */
  async #connect(): Promise<Live> {
    const { hosts } = this.#options
    let cause: unknown
    for (let attempt = 0; attempt < hosts.length; attempt++) {
      const host = hosts[this.#nextHost++ % hosts.length]
      if (!host) break
      try {
        return await this.#connectTo(host)
      } catch (error) {
        cause = error
      }
      if (this.#closed) throw new ClosedError()
    }
    throw cause
  }

  async #connectTo({ host, port }: Host): Promise<Live> {
    const { tls, username, password, vhost, heartbeat, name, socket } = this.#options
    const model = await connect(
      {
        protocol: tls ? 'amqps' : 'amqp',
        hostname: host,
        port,
        username,
        password,
        vhost: encodeURIComponent(vhost),
        heartbeat,
      },
      {
        noDelay: true,
        keepAlive: true,
        keepAliveDelay: 10_000,
        timeout: handshakeMs,
        clientProperties: {
          connection_name: `${name} ${this.#use} ${hostname()}:${process.pid}`,
          product: 'tq',
        },
        ...socket,
      },
    )
    const live = new Live(model, this.#clock)
    if (this.#closed) {
      await live.close(this.#clock)
      throw new ClosedError()
    }
    this.#live = live
    return live
  }
}
