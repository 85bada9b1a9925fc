import { connectionFlags, logFlags } from '../flags/common-flags.ts'
import type { Flags, Values } from '../flags/flag.ts'

export const dashboardFlags = {
  port: {
    type: 'string',
    description: 'Port; 0 takes a free one (5555)',
    valueHint: 'n',
    env: 'TQ_DASHBOARD_PORT',
  },
  host: {
    type: 'string',
    description: 'Address to listen on; any but this machine needs a token or users (127.0.0.1)',
    valueHint: 'address',
    env: 'TQ_DASHBOARD_HOST',
  },
  token: {
    type: 'string',
    description: 'Whoever has it may do everything; in a browser it is the password',
    valueHint: 'text',
    env: 'TQ_DASHBOARD_TOKEN',
  },
  user: {
    type: 'string',
    description: 'name:password, or name:password:role with view, operate or admin; may be repeated',
    valueHint: 'user',
    env: 'TQ_DASHBOARD_USERS',
    multiple: true,
  },
  'read-only': {
    type: 'boolean',
    description: 'Nobody may do more than look',
    env: 'TQ_DASHBOARD_READ_ONLY',
  },
  'allow-host': {
    type: 'string',
    description: 'Names it answers for, such as tq.example.com; may be repeated (with a login: any)',
    valueHint: 'name',
    env: 'TQ_DASHBOARD_HOSTS',
    multiple: true,
  },
  environment: {
    type: 'string',
    description: 'Label on every page: staging, or production:danger (neutral, warning, danger)',
    valueHint: 'label',
    env: 'TQ_DASHBOARD_ENVIRONMENT',
  },
  'hide-payloads': {
    type: 'boolean',
    description: 'Inputs, results and log fields do not leave the server at all',
    env: 'TQ_DASHBOARD_HIDE_PAYLOADS',
  },
  ...logFlags,
  ...connectionFlags,
  app: {
    ...connectionFlags.app,
    description: 'Task file: tells tasks and schedules that no worker runs yet',
  },
} as const satisfies Flags

export type DashboardValues = Values<typeof dashboardFlags>
