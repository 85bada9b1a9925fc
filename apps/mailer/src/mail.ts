import { z } from 'zod'

/** One mail to one address: what fails for one must not be sent again to the others. */
export const mail = z.object({
  to: z.email(),
  subject: z.string().min(1).max(200),
  text: z.string().max(100_000),
})

export type Mail = z.infer<typeof mail>

/** The part of an address that is somebody's server. */
export function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1).toLowerCase()
}

/** Who wants the digest. A real application asks its database when the digest is sent. */
export const subscribers: string[] = ['ann@f.example', 'bob@f.example']
