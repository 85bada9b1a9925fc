import { once } from 'node:events'
import { createConnection } from 'node:net'
import { expect, test } from 'vitest'
import { domainOf, mail } from '../src/mail.ts'
import { SmtpSink } from '../src/smtp-sink.ts'

test('the domain of an address is what its rate limit counts', () => {
  expect(['A@Example.COM', '"a@b"@c.example'].map(domainOf)).toEqual(['example.com', 'c.example'])
})

test('a mail has one recipient, and that is an address', () => {
  const rest = { subject: 's', text: 't' }
  expect(mail.safeParse({ to: 'a@b.example', ...rest }).success).toBe(true)
  expect(mail.safeParse({ to: 'a@b.example, c@d.example', ...rest }).success).toBe(false)
})

test('the mail server of the demo refuses, puts off once, and takes the rest', async () => {
  const sink = new SmtpSink()
  const { hostname, port } = new URL(await sink.start())
  const socket = createConnection(Number(port), hostname).setEncoding('utf8')
  const answers: string[] = []
  const say = async (line: string) => {
    socket.write(`${line}\r\n`)
    const [answer] = (await once(socket, 'data')) as [string]
    answers.push(answer.slice(0, 3))
  }
  await once(socket, 'data')
  for (const line of ['EHLO x', 'MAIL FROM:<m@m.example>', 'RCPT TO:<nobody@a.example>']) await say(line)
  for (let time = 0; time < 2; time++) await say('RCPT TO:<greylisted@b.example>')
  await say('QUIT')
  expect(answers.slice(2)).toEqual(['550', '451', '250', '221'])
  await sink.stop()
})
