import { useEffect } from 'preact/hooks'

type Handlers = Readonly<Record<string, (event: KeyboardEvent) => void>>

const stack: Handlers[] = []
let leader = ''
let leaderAt = 0

/** Keys while this is shown: `j`, `/`, `Escape`, or two in a row, `g t`. Never while something is typed. */
export function useKeys(handlers: Handlers): void {
  useEffect(() => {
    stack.push(handlers)
    return () => {
      stack.splice(stack.indexOf(handlers), 1)
    }
  })
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, dialog') !== null
}

addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
  const within = event.timeStamp - leaderAt < 1_000
  const key = leader !== '' && within ? `${leader} ${event.key}` : event.key
  leader = ''
  for (const handlers of [...stack].reverse()) {
    const handle = Object.hasOwn(handlers, key) ? handlers[key] : undefined
    if (!handle) continue
    event.preventDefault()
    handle(event)
    return
  }
  leader = event.key
  leaderAt = event.timeStamp
})
