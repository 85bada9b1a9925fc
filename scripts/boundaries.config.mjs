// Which module may import which: the arrows of the house. Paths are relative to the checkout's root.
// Type-only imports obey the arrows too, but do not count as cycles: they are gone at run time.

const drivers = ['sqlite', 'redis', 'rabbitmq', 'sqs', 'postgres', 'dynamodb', 's3']
const anyDriver = `^packages/(${drivers.join('|')})/`

/** Folder of core → the folders of core it may import, besides itself. */
const bottom = ['contracts', 'errors', 'util', 'options']
const middle = [...bottom, 'task', 'schedule', 'policy', 'middleware', 'runtime']
const core = {
  contracts: [],
  errors: ['contracts'],
  util: ['contracts', 'errors'],
  options: ['contracts', 'errors', 'util'],
  task: bottom,
  schedule: [...bottom, 'task'],
  policy: bottom, // and task's types, below
  middleware: bottom, // and task's types, below
  memory: ['contracts', 'errors', 'util'],
  runtime: [...bottom, 'task', 'schedule', 'policy', 'middleware'],
  producer: middle,
  worker: middle,
  workflow: [...middle, 'producer'],
  operator: middle,
  testing: [...middle, 'app', 'memory', 'worker'],
  app: [...middle, 'producer', 'worker', 'workflow', 'operator', 'memory'],
}
const mayUseTaskTypes = ['policy', 'middleware']

const coreArrows = Object.entries(core).flatMap(([folder, allowed]) => {
  const from = { path: `^packages/core/src/${folder}/` }
  const free = [folder, ...allowed].join('|')
  const beyond = { path: '^packages/core/src/', pathNot: `^packages/core/src/(${free})/` }
  const comment = `core/${folder} may import: ${allowed.join(', ') || 'nothing of core'}`
  if (!mayUseTaskTypes.includes(folder))
    return [{ name: `core-${folder}`, comment, severity: 'error', from, to: beyond }]
  return [
    {
      name: `core-${folder}`,
      comment: `${comment}, types of task`,
      severity: 'error',
      from,
      to: { ...beyond, pathNot: `^packages/core/src/(${free}|task)/` },
    },
    {
      name: `core-${folder}-task-types-only`,
      comment: `core/${folder} may import only types from core/task`,
      severity: 'error',
      from,
      to: { path: '^packages/core/src/task/', dependencyTypesNot: ['type-only'] },
    },
  ]
})

const driverArrows = drivers.map((driver) => ({
  name: `driver-${driver}-stands-alone`,
  comment: 'drivers never import each other',
  severity: 'error',
  from: { path: `^packages/${driver}/` },
  to: { path: anyDriver, pathNot: `^packages/${driver}/` },
}))

export default {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'modules must not need each other to load',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'unresolved',
      comment: 'an import that leads nowhere would escape every other rule',
      severity: 'error',
      from: { path: '^(packages|apps|test|bench)/' },
      to: { couldNotResolve: true },
    },
    ...driverArrows,
    {
      name: 'driver-imports-driver-entry',
      comment: 'drivers see of core only @tq/core/driver, and nothing of the packages above',
      severity: 'error',
      from: { path: `${anyDriver}src/` },
      to: { path: '^packages/', pathNot: [anyDriver, '^packages/core/(src|dist)/driver\\.'] },
    },
    {
      name: 'core-and-conformance-know-no-driver',
      severity: 'error',
      from: { path: '^packages/(core|conformance)/' },
      to: { path: anyDriver },
    },
    {
      name: 'core-stands-alone',
      comment:
        'core imports no other package of ours: its conformance run lives in packages/conformance/test',
      severity: 'error',
      from: { path: '^packages/core/' },
      to: { path: '^(packages|apps|test|bench)/', pathNot: '^packages/core/' },
    },
    {
      name: 'core-has-known-folders',
      comment: 'a new folder of core needs its arrows in scripts/boundaries.config.mjs',
      severity: 'error',
      from: {},
      to: {
        path: '^packages/core/src/',
        pathNot: [
          `^packages/core/src/(${Object.keys(core).join('|')})/`,
          '^packages/core/src/(index|driver|testing)\\.ts$',
        ],
      },
    },
    {
      name: 'packages-by-their-entry',
      comment: "another package's files are reached by its name, never by a path",
      severity: 'error',
      from: { path: '^(packages|apps)/([^/]+)/' },
      to: { path: '^(packages|apps)/', pathNot: '^$1/$2/', dependencyTypes: ['local'] },
    },
    ...coreArrows,
  ],
  options: {
    tsPreCompilationDeps: 'specify',
    doNotFollow: { path: 'node_modules|/dist/' },
    exclude: { path: '(^|/)(node_modules|dist|\\.turbo)/|\\.config\\.ts$' },
    enhancedResolveOptions: {
      // Packages of ours resolve to their sources, as in the type-check.
      exportsFields: ['exports'],
      conditionNames: ['@tq/source', 'import', 'node', 'types', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'],
    },
  },
}
