// What servers import.
export type { DashboardAuth, DashboardToken, DashboardUser, Grant } from './access/options.ts'
export type { Role } from './access/roles.ts'
export { createDashboard, type Dashboard } from './dashboard.ts'
export type { FastifyInstanceLike } from './http/fastify.ts'
export type { NodeRequest } from './http/node-server.ts'
export { type Listening, type ListenOptions, listenForDashboard } from './listen.ts'
export type { DashboardEnvironment, DashboardOptions } from './options.ts'
