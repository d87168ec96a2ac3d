/** An entry of the rail, the bottom bar and the palette. */
import type { Component } from 'svelte'

export interface NavItem {
  readonly name: string
  readonly href: string
  readonly label: string
  readonly Icon: Component<{ size?: number; strokeWidth?: number }>
  readonly current: boolean
  /** How many things wait there; '' shows nothing. */
  readonly count: string
}
