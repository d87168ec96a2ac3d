import { openEmbeddedBroker } from '../../relay/mqtt/embedded.ts'
import { memoryPorts } from '../../relay/mqtt/fixture.ts'
import { describeBroker } from './broker.ts'

describeBroker('the embedded one', async () => {
  const ports = memoryPorts('cam', 'plug', 'hub')
  ports.announcers.set('hub', ['homeassistant', 'zigbee2mqtt', 'tasmota'])
  const broker = await openEmbeddedBroker({ ...ports, listen: { host: '127.0.0.1', tcpPort: 0 } })
  return { broker, ports, url: `mqtt://127.0.0.1:${broker.ports.tcp}`, close: () => broker.close() }
})
