/** The broker on a SQLite file as a process of its own, to be killed: node broker-process.ts FILE prints its port. */
import { openEmbeddedBroker } from '../../relay/mqtt/embedded.ts'
import { openStore } from '../../relay/store/database.ts'
import { createRecordLog } from '../../relay/store/record-log.ts'

const [file, port = '0'] = process.argv.slice(2)
if (file === undefined) throw new Error('give the file of the store')
const log = createRecordLog(await openStore(file))
const broker = await openEmbeddedBroker({
  identify: async () => true,
  ingest: (device, records, source) => log.append(device, records, source, Date.now() * 1000),
  seen: () => {},
  listen: { host: '127.0.0.1', tcpPort: Number(port) },
})
console.log(broker.ports.tcp)
