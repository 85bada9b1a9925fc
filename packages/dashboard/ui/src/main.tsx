import { render } from 'preact'
import { Dashboard } from './dashboard.tsx'
import { loadSession } from './data/session.ts'
import './styles/tokens.css'
import './styles/base.css'
import './styles/shell.css'
import './styles/panels.css'
import './styles/controls.css'
import './styles/labels.css'
import './styles/notices.css'
import './styles/tables.css'
import './styles/charts.css'
import './styles/overlays.css'
import './styles/json.css'
import './styles/overview.css'
import './styles/tasks.css'
import './styles/task.css'
import './styles/workers.css'
import './styles/graph.css'
import './styles/forms.css'

void loadSession()
const host = document.getElementById('app')
if (host) render(<Dashboard />, host)
