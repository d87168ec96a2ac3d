/** The `guardian` command: the page's own core on files, for scripts and terminals. Exit 0; 2 with one line on stderr for refused input. */
import { parseArgs } from 'node:util'
import { InputError, ModelError } from '#core/base/errors.ts'
import { LEARNABLE_KINDS } from '#core/detect/kinds.ts'
import { runEval } from './eval.ts'
import { runExplain } from './explain.ts'
import { runFlows } from './flows.ts'
import { runMqttAudit } from './mqtt-audit.ts'
import { runScan } from './scan.ts'
import { runTrain } from './train.ts'

const HELP = `guardian: is one of my devices misbehaving?

  guardian scan FILE… [--json] [--model NAME|DIR] [--threshold mean+3sd|p99|VALUE] [--budget PER_WEEK]
      Reads captures, Zeek and Suricata logs and flow tables; says which device did what, and why it stands out.
      --json        one JSON object per file, one line each
      --threshold   mean+1sd, mean+2sd, mean+3sd, pNN (percentile of usual scores), or a value
      --budget      at most this many false alarms a week (default: 1)
  guardian train FILE… --detector KIND [--label COLUMN --benign VALUE] [--leave-out VALUE] [--seed N]
                 [--search MINUTES] [--trials N] [--base NAME|DIR] --out DIR
      Learns a model from flows and writes its folder. KIND is one of ${LEARNABLE_KINDS.join(', ')}.
      --label       column that says what a flow was; without it all flows count as benign
      --leave-out   class to keep out of training, to see whether what was never seen is found; may be given again
      --search      looks that long for better settings on labelled flows; rows kept apart judge what was gained, the card tells all of it
      --trials      tries at most so many settings; without --search the same seed then gives the same model
      --base        of --detector head: the model whose scores the labels move, such as isolation-forest
  guardian eval FILE… --model DIR|NAME --label COLUMN --benign VALUE [--json]
      Judges a model on labelled flows: recall by class with intervals, areas, false cases per device-week.
  guardian explain FILE --model DIR|NAME --row N [--json]
      Says why flow N of the file scores as it does, in parts that sum to the score.
  guardian flows FILE [--out FILE]
      Writes the flows of a capture as CSV with the 78 features of CIC-IDS2017 (times in µs since 1970).
  guardian mqtt-audit mqtt://HOST|mqtts://HOST [--user NAME --password-file FILE] [--ca FILE] [--json]
      Looks at an MQTT broker in twenty ways and says what is wrong with it. Connects, listens and leaves; publishes nothing.
      --other-user, --other-password-file   a second user, to see whether one can throw out the other

Nothing else leaves this machine. Exit: 0 done, 2 input that cannot be read.`

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      model: { type: 'string' },
      threshold: { type: 'string' },
      budget: { type: 'string' },
      out: { type: 'string' },
      detector: { type: 'string' },
      label: { type: 'string' },
      benign: { type: 'string' },
      'leave-out': { type: 'string', multiple: true, default: [] },
      seed: { type: 'string' },
      search: { type: 'string' },
      trials: { type: 'string' },
      base: { type: 'string' },
      row: { type: 'string' },
      user: { type: 'string' },
      'password-file': { type: 'string' },
      'other-user': { type: 'string' },
      'other-password-file': { type: 'string' },
      ca: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [command, ...files] = positionals
  if (values.help || command === undefined) {
    console.log(HELP)
    return
  }
  const wanted = command === 'mqtt-audit' ? 'mqtt://HOST' : 'FILE'
  if (files.length === 0)
    throw new InputError(
      `guardian ${command} needs ${wanted === 'FILE' ? 'a file' : 'an address'}: guardian ${command} ${wanted}`,
    )
  switch (command) {
    case 'scan':
      return runScan(files, {
        json: values.json,
        model: values.model,
        threshold: values.threshold,
        budget: values.budget,
      })
    case 'train':
      return runTrain(files, {
        detector: values.detector,
        label: values.label,
        benign: values.benign,
        leaveOut: values['leave-out'],
        seed: values.seed,
        search: values.search,
        trials: values.trials,
        base: values.base,
        out: values.out,
      })
    case 'eval':
      return runEval(files, { model: values.model, label: values.label, benign: values.benign, json: values.json })
    case 'explain':
      return runExplain(files, { model: values.model, row: values.row, json: values.json })
    case 'flows':
      return runFlows(files, values.out)
    case 'mqtt-audit':
      return runMqttAudit(files, {
        user: values.user,
        passwordFile: values['password-file'],
        otherUser: values['other-user'],
        otherPasswordFile: values['other-password-file'],
        ca: values.ca,
        json: values.json,
      })
    default:
      throw new InputError(
        `guardian knows the commands scan, train, eval, explain, flows and mqtt-audit, not ${JSON.stringify(command)}`,
      )
  }
}

/** Refused input, model or arguments: a sentence and 2. Anything else is a mistake of ours and keeps its stack. */
function isRefusal(error: unknown): error is Error {
  if (error instanceof InputError || error instanceof ModelError) return true
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code.startsWith('ERR_PARSE_ARGS') || ['ENOENT', 'EACCES', 'EISDIR', 'EPERM'].includes(code)
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await main()
} catch (error) {
  if (!isRefusal(error)) throw error
  console.error(`guardian: ${error.message.replaceAll('\n', ' ')}`)
  process.exitCode = 2
}
