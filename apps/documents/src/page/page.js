// Uploads files, shows how far their tasks are, searches. Text from documents is only ever set as text.

const pollMs = 400
const ended = new Set(['SUCCESS', 'FAILURE', 'REVOKED'])
const byId = (id) => document.getElementById(id)

byId('upload').addEventListener('submit', async (event) => {
  event.preventDefault()
  const form = event.currentTarget
  await noticing(async () => {
    const accepted = await call('/upload', { method: 'POST', body: new FormData(form) })
    form.reset()
    if (accepted.upload_id) await follow(`/uploads/${accepted.upload_id}`, ({ tasks }) => tasks)
    else await follow(`/tasks/${accepted.task_id}`, (task) => [task])
  })
})

byId('search').addEventListener('submit', async (event) => {
  event.preventDefault()
  const query = new FormData(event.currentTarget).get('q')
  await noticing(async () => {
    const { hits } = await call(`/search?q=${encodeURIComponent(query)}`)
    byId('hits').replaceChildren(...hits.map(hitLine))
    if (hits.length === 0) throw new Error('Nothing found.')
  })
})

/** Asks until all of it has ended, and draws every answer. */
async function follow(path, tasksOf) {
  for (;;) {
    const answer = await call(path)
    for (const task of tasksOf(answer)) draw(task)
    if (ended.has(answer.status)) return
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

function draw({ task_id, file_name, progress, status, message, error, result }) {
  const line = byId(task_id) ?? newLine(task_id, file_name)
  line.querySelector('progress').value = ended.has(status) ? 1 : progress
  const words = result ? `${result.words} words` : undefined
  line.lastElementChild.textContent = words ?? error ?? message ?? status.toLowerCase()
  line.dataset.status = status
}

function newLine(id, fileName) {
  const line = element('li')
  line.id = id
  const bar = element('progress')
  bar.max = 1
  bar.setAttribute('aria-label', fileName)
  line.append(element('span', fileName), bar, element('span'))
  byId('tasks').prepend(line)
  return line
}

function hitLine({ file_name, title, score, passage }) {
  const line = element('li')
  line.append(element('strong', title ?? file_name), ` ${score.toFixed(2)} `, element('q', passage))
  return line
}

function element(name, text = '') {
  const made = document.createElement(name)
  made.textContent = text
  return made
}

/** Says what went wrong in the page's one line for it. */
async function noticing(act) {
  byId('notice').textContent = ''
  try {
    await act()
  } catch (error) {
    byId('notice').textContent = error.message
  }
}

async function call(path, init) {
  const response = await fetch(path, init)
  const body = await response.json()
  if (!response.ok) throw new Error(body.error)
  return body
}
