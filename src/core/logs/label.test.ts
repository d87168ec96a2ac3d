import { describe, expect, it } from 'vitest'
import { isAttackLabel } from './label.ts'

describe('isAttackLabel', () => {
  it.each(['Benign', 'BENIGN', 'Normal Traffic', 'Normal', '0', 'benign', 'Benign Microsoft'])('%s is none', (label) =>
    expect(isAttackLabel(label)).toBe(false),
  )
  it.each(['Malicious DDoS', 'DoS', '1', 'Web Attack \ufffd XSS', 'bruteforce'])('%s is one', (label) =>
    expect(isAttackLabel(label)).toBe(true),
  )
  it.each(['Background', '', '-', '(empty)', 'NeedManualLabel'])('"%s" does not know', (label) =>
    expect(isAttackLabel(label)).toBeUndefined(),
  )
})
