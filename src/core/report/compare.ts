/** What changed between two scans of the same network: who came, who went, who talks to whom anew, whose risk moved. */
import type { Case } from '../alert/case.ts'
import { SEVERITIES, type Severity } from '../alert/severity.ts'
import type { Device } from '../device/device.ts'

export interface ScanFindings {
  readonly devices: readonly Device[]
  readonly cases: readonly Case[]
}

export interface NewDestination {
  readonly device: string
  readonly deviceName: string
  readonly address: string
  readonly name: string | undefined
  readonly flows: number
  readonly bytes: number
}

export interface RiskChange {
  readonly device: string
  readonly deviceName: string
  /** Loudest case; undefined without one. */
  readonly before: Severity | undefined
  readonly after: Severity | undefined
  readonly casesBefore: number
  readonly casesAfter: number
}

export interface Comparison {
  readonly newDevices: readonly Device[]
  readonly goneDevices: readonly Device[]
  /** Of devices that are in both, most bytes first. */
  readonly newDestinations: readonly NewDestination[]
  /** Devices whose loudest case or number of cases differs, the worst turn first. */
  readonly changedRisk: readonly RiskChange[]
}

export function compareScans(before: ScanFindings, after: ScanFindings): Comparison {
  const oldDevices = new Map(before.devices.map((device) => [device.id, device]))
  const newDevices = new Map(after.devices.map((device) => [device.id, device]))
  return {
    newDevices: after.devices.filter(({ id }) => !oldDevices.has(id)),
    goneDevices: before.devices.filter(({ id }) => !newDevices.has(id)),
    newDestinations: after.devices
      .flatMap((device) => destinationsSince(oldDevices.get(device.id), device))
      .sort((a, b) => b.bytes - a.bytes),
    changedRisk: changedRisk(before, after),
  }
}

/** By address; a host that kept its name under a new address is the same destination. */
function destinationsSince(old: Device | undefined, device: Device): NewDestination[] {
  if (!old) return []
  const known = new Set(old.peers.flatMap(({ address, name }) => (name ? [address, name] : [address])))
  return device.peers
    .filter(({ address, name }) => !known.has(address) && !(name && known.has(name)))
    .map(({ address, name, flows, bytes }) => ({
      device: device.id,
      deviceName: device.name,
      address,
      name,
      flows,
      bytes,
    }))
}

function changedRisk(before: ScanFindings, after: ScanFindings): RiskChange[] {
  const names = new Map([...before.devices, ...after.devices].map(({ id, name }) => [id, name]))
  for (const value of [...before.cases, ...after.cases])
    if (!names.has(value.device)) names.set(value.device, value.deviceName)
  return [...names]
    .map(([device, deviceName]): RiskChange => {
      const old = before.cases.filter((value) => value.device === device)
      const now = after.cases.filter((value) => value.device === device)
      return {
        device,
        deviceName,
        before: loudest(old),
        after: loudest(now),
        casesBefore: old.length,
        casesAfter: now.length,
      }
    })
    .filter((change) => change.before !== change.after || change.casesBefore !== change.casesAfter)
    .sort((a, b) => turn(b) - turn(a) || b.casesAfter - b.casesBefore - (a.casesAfter - a.casesBefore))
}

function loudest(cases: readonly Case[]): Severity | undefined {
  return SEVERITIES.findLast((severity) => cases.some((value) => value.severity === severity))
}

function turn(change: RiskChange): number {
  const rank = (severity: Severity | undefined) => (severity === undefined ? -1 : SEVERITIES.indexOf(severity))
  return rank(change.after) - rank(change.before)
}
