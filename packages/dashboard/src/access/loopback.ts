/** Whether a name or address, without a port, is this machine for itself only. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, '').toLowerCase()
  return (
    name === 'localhost' ||
    name === '::1' ||
    /^127(\.\d{1,3}){3}$/.test(name) ||
    /^::ffff:127(\.\d{1,3}){3}$/.test(name)
  )
}

/** `host:port` or `[v6]:port` without the port. */
export function withoutPort(host: string): string {
  return host.replace(/:\d+$/, '')
}
