/**
 * Who may import whom: folder -> [folders, npm packages]. The table is the documentation and the check (.dependency-cruiser.cjs);
 * a new arrow or package is one line here, and that line is the review. Tests beside the code may import what they like.
 * `node: true`: Node's built-ins too.
 */
export const DEPENDENCIES = {
  'src/core/base': [[], []],
  // flow/input.ts carries the type of what packets say about devices; device/inventory.ts reads flows
  'src/core/device': [
    ['src/core/base', 'src/core/flow'],
    // valibot: device/wire.ts
    ['tldts', 'ipaddr.js', 'valibot'],
  ],
  'src/core/capture': [['src/core/base'], []],
  'src/core/packet': [['src/core/base', 'src/core/capture', 'src/core/device'], []],
  'src/core/flow': [['src/core/base', 'src/core/packet', 'src/core/device'], []],
  'src/core/logs': [
    ['src/core/base', 'src/core/flow'],
    ['papaparse', 'hyparquet', 'fflate'],
  ],
  'src/core/prep': [['src/core/base', 'src/core/flow', 'src/core/model'], []],
  'src/core/model': [['src/core/base'], ['fflate']],
  // alert/wire.ts
  'src/core/alert': [['src/core/base'], ['valibot']],
  'src/core/account': [['src/core/base'], ['valibot']],
  // ipaddr.js: prevent/address.ts
  'src/core/prevent': [
    ['src/core/base', 'src/core/alert'],
    ['valibot', 'ipaddr.js'],
  ],
  'src/core/sync': [
    ['src/core/account', 'src/core/alert', 'src/core/device', 'src/core/live', 'src/core/prevent', 'src/core/base'],
    ['valibot'],
  ],
  'src/core/live': [['src/core/base', 'src/core/alert', 'src/core/device', 'src/core/flow'], ['valibot']],
  'src/core/mqtt': [['src/core/base'], ['valibot']],
  // mqtt-audit/wire.ts
  'src/core/mqtt-audit': [['src/core/base', 'src/core/alert'], ['valibot']],
  'src/core/detect': [
    ['src/core/base', 'src/core/alert', 'src/core/flow', 'src/core/prep', 'src/core/model', 'src/core/device'],
    [],
  ],
  'src/core/rule': [['src/core/base', 'src/core/alert', 'src/core/flow', 'src/core/device'], []],
  // logs/label.ts: what a label means
  'src/core/evaluate': [['src/core/base', 'src/core/prep', 'src/core/detect', 'src/core/logs'], []],
  // flow/features.ts: the units of the 78
  'src/core/explain': [['src/core/base', 'src/core/prep', 'src/core/detect', 'src/core/alert', 'src/core/flow'], []],
  'src/core/scan': [
    [
      'src/core/base',
      'src/core/capture',
      'src/core/packet',
      'src/core/flow',
      'src/core/logs',
      'src/core/prep',
      'src/core/alert',
      'src/core/model',
      'src/core/detect',
      'src/core/device',
      'src/core/rule',
      'src/core/live',
    ],
    ['fflate'],
  ],
  'src/core/report': [['src/core/base', 'src/core/alert', 'src/core/scan', 'src/core/device'], []],
  'src/engine': [
    ['src/core'],
    [
      'onnxruntime-web',
      '@tensorflow/tfjs-core',
      '@tensorflow/tfjs-layers',
      '@tensorflow/tfjs-backend-cpu',
      '@tensorflow/tfjs-backend-wasm',
      '@tensorflow/tfjs-backend-webgl',
      '@tensorflow/tfjs-backend-webgpu',
    ],
  ],
  'src/db': [['src/core'], ['dexie', 'valibot']],
  // workers: types only
  'src/lib/remote': [
    ['src/core', 'src/db', 'workers'],
    ['comlink', 'valibot'],
  ],
  'src/lib/state': [
    ['src/core', 'src/db', 'src/lib/remote', 'src/lib/ui'],
    ['svelte', 'svelte-sonner', 'valibot'],
  ],
  'src/lib/ui': [['src/core'], ['svelte', 'uplot', 'layerchart', '@lucide/svelte', 'svelte-sonner']],
  'src/routes': [
    ['src/core', 'src/db', 'src/lib', 'src/app.css'],
    ['svelte', '@sveltejs/kit', '@lucide/svelte', 'svelte-sonner', 'valibot'],
  ],
  'src/service-worker.ts': [
    ['src/core/alert', 'src/core/base', 'src/db'],
    ['workbox-precaching', 'workbox-routing'],
  ],
  workers: [['src/core', 'src/engine', 'src/db'], ['comlink']],
  relay: [
    ['src/core', 'src/engine'],
    [
      'fastify',
      'ipaddr.js',
      '@fastify/cookie',
      '@fastify/rate-limit',
      '@fastify/swagger',
      '@fastify/swagger-ui',
      '@fastify/websocket',
      '@simplewebauthn/server',
      '@valibot/to-json-schema',
      'aedes',
      'aedes-persistence',
      'kysely',
      'mqtt',
      'nodemailer',
      'pg',
      'pino',
      'prom-client',
      'qrcode-generator',
      'valibot',
      'web-push',
      'ws',
    ],
    { node: true },
  ],
  // relay/mqtt: the look at a broker, which `guardian mqtt-audit` shares with the relay's route
  cli: [['src/core', 'src/engine', 'relay/mqtt'], [], { node: true }],
  tools: [
    ['src/core', 'src/engine', 'relay', 'cli'],
    [
      'vite',
      '@sveltejs/kit',
      '@sveltejs/adapter-static',
      'oui-data',
      'playwright',
      'onnxruntime-web',
      'fflate',
      'assemblyscript',
    ],
    { node: true },
  ],
}
