import { type App, createApp } from '@tq/core'
import { createTransport, type Transporter } from 'nodemailer'

/** The connection to the mail server; each worker has one, and its tasks find it in `ctx.state`. */
export const app: App<Transporter> = createApp({
  // Connects when the first mail is sent, and keeps a few connections for the next ones.
  startup: () => createTransport(smtpUrl()),
  shutdown: (transport) => transport.close(),
})

/** `SMTP_URL`, such as `smtps://user:password@mail.example.com`. */
function smtpUrl(): string {
  const url = new URL(process.env['SMTP_URL'] || 'smtp://127.0.0.1:1025')
  url.searchParams.set('pool', 'true')
  return url.href
}
