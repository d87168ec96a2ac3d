/** The forbidden rules that follow from tools/dependency-table.mjs. Run by `npm run check:dependencies`. */
const { DEPENDENCIES } = require('./tools/dependency-table.mjs')

const TESTS = '\\.(test|spec)\\.ts$'
const escapeRegExp = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
/** A folder and what is in it, or a single file. */
const within = (path) => `^${escapeRegExp(path)}${/\.\w+$/.test(path) ? '$' : '/'}`
const packageFolder = (name) => `node_modules/${escapeRegExp(name)}/`

const rowRules = Object.entries(DEPENDENCIES).flatMap(([folder, [folders, packages, { node = false } = {}]]) => {
  const from = { path: within(folder), pathNot: TESTS }
  return [
    {
      name: `${folder}: other folders`,
      comment: 'Not in this row of tools/dependency-table.mjs.',
      severity: 'error',
      from,
      to: {
        path: '^(src|workers|relay|cli|tools|bench|tests|e2e)/',
        pathNot: [within(folder), ...folders.map(within)],
      },
    },
    {
      name: `${folder}: npm packages`,
      comment: 'Not in this row of tools/dependency-table.mjs.',
      severity: 'error',
      from,
      to: { path: 'node_modules/', pathNot: packages.map(packageFolder) },
    },
    ...(node
      ? []
      : [
          {
            name: `${folder}: no Node built-ins`,
            severity: 'error',
            from,
            to: { dependencyTypes: ['core'] },
          },
        ]),
  ]
})

/** Folders whose code must be in a row. */
const PRODUCT = '^(src|workers|relay|cli|tools)/'

module.exports = {
  forbidden: [
    ...rowRules,
    {
      name: 'every folder has a row',
      severity: 'error',
      from: { path: PRODUCT, pathNot: [TESTS, '\\.d\\.ts$', ...Object.keys(DEPENDENCIES).map(within)] },
      to: {},
    },
    {
      name: 'lib takes workers as types only',
      severity: 'error',
      from: { path: '^src/lib/' },
      // `new Worker(new URL(…))` is no import; what is left must be `import type`.
      to: { path: '^workers/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'relay features meet only in app.ts',
      severity: 'error',
      from: { path: '^relay/([^/]+)/' },
      to: { path: '^relay/([^/]+)/', pathNot: '^relay/($1|auth|audit|store|http)/' },
    },
    {
      name: 'product code never imports tests',
      severity: 'error',
      from: { path: PRODUCT, pathNot: TESTS },
      to: { path: ['^(tests|e2e|bench)/', TESTS] },
    },
    {
      name: 'no cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nothing unresolved',
      severity: 'error',
      from: {},
      to: {
        couldNotResolve: true,
        // SvelteKit makes these; Vite adds the queries.
        pathNot: ['^\\$app/', '^\\$service-worker$', '^\\./\\$types', '\\?(url|worker|raw)'],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.svelte-kit/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['svelte', 'browser', 'import', 'node', 'default'],
      extensions: ['.ts', '.js', '.mjs', '.svelte', '.json', '.d.ts'],
    },
  },
}
