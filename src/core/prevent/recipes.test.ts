import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { InputError } from '../base/errors.ts'
import { recipesFor } from './recipes.ts'

const byName = (culprit: Parameters<typeof recipesFor>[0]) =>
  Object.fromEntries(recipesFor(culprit).map((recipe) => [recipe.name, recipe]))

describe('recipes', () => {
  const all = {
    name: "Mum's camera; rm -rf /",
    mac: '02-00-5E-10-00-01',
    address: '192.168.1.30',
    peer: 'Bad.Example.COM.',
    entity: 'switch.camera_plug',
  }

  it('stop a device at an OpenWrt router by its MAC, and take it back', () => {
    const { paste, undo } = byName(all).OpenWrt!
    expect(paste).toContain("uci set firewall.guardian_mum_s_camera_rm_rf.src_mac='02:00:5e:10:00:01'")
    expect(undo).toContain('uci delete firewall.guardian_mum_s_camera_rm_rf')
  })

  it('give the router an address as destination', () => {
    expect(byName({ name: 'cam', peer: '198.51.100.7' }).OpenWrt!.paste).toContain("dest_ip='198.51.100.7'")
  })

  it('give what Pi-hole, AdGuard Home and Home Assistant take', () => {
    const made = byName(all)
    expect(made['Pi-hole']?.request).toEqual({
      method: 'POST',
      path: '/api/domains/deny/exact',
      body: { domain: 'bad.example.com', comment: 'guardian-mum_s_camera_rm_rf', enabled: true },
    })
    expect(made['AdGuard Home, one name']?.paste).toContain("||bad.example.com^$client='192.168.1.30'")
    expect(made['Home Assistant']?.request?.body).toEqual({ entity_id: 'switch.camera_plug' })
    expect(made['Home Assistant']?.undo).toContain('switch.turn_on')
  })

  it('are only those that what is known suffices for', () => {
    expect(recipesFor({ name: 'cam' })).toEqual([])
    expect(Object.keys(byName({ name: 'cam', entity: 'switch.cam' }))).toEqual(['Home Assistant'])
  })

  it('refuse what is not what it says it is', () => {
    for (const bad of [
      { mac: "02:00:5e:10:00:01'; reboot" },
      { address: '192.168.1.0/24' },
      { peer: 'bad.example.com$(reboot)' },
      { entity: 'switch.x\n  - action: lock.unlock' },
    ])
      expect(() => recipesFor({ name: 'cam', ...bad })).toThrow(InputError)
  })

  it('are commands of which a shell runs only uci, pihole and service, whatever the name', () => {
    for (const name of ['$(touch /tmp/x)', '`id`', 'a\'b"c', '../..', '\n\nid\n', '👀'])
      for (const { name: program, paste, undo } of recipesFor({ ...all, name })) {
        if (!/OpenWrt|Pi-hole/.test(program)) continue
        const shims = 'uci() { :; }; pihole() { :; }; service() { :; }; PATH=/nowhere;'
        const out = execFileSync('/bin/sh', ['-euc', `${shims}\n${paste}\n${undo}`], { encoding: 'utf8' })
        expect(out).toBe('')
      }
  })
})
