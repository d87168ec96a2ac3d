/** A pcapng interface's clock (if_tsresol, if_tsoffset): 64-bit ticks to whole µs since 1970 without losing digits to the double. */

/** From the upper and lower 32 bits of the tick count. */
export type TickClock = (high: number, low: number) => number

const TWO_32 = 4294967296

/** `resolution` is the option's byte: the top bit chooses 2^-n over 10^-n seconds. */
export function createClock(resolution: number, offsetSeconds: number): TickClock {
  const offsetMicros = offsetSeconds * 1e6
  const exponent = resolution & 0x7f
  const toMicros = resolution & 0x80 ? binaryClock(exponent) : decimalClock(exponent)
  return offsetMicros === 0 ? toMicros : (high, low) => toMicros(high, low) + offsetMicros
}

function decimalClock(exponent: number): TickClock {
  if (exponent === 6) return (high, low) => high * TWO_32 + low
  if (exponent < 6) {
    const factor = 10 ** (6 - exponent)
    return (high, low) => (high * TWO_32 + low) * factor
  }
  const divisor = 10 ** (exponent - 6)
  // Up to 10^-12 s the remainder stays below 2^53, so the division is exact; finer clocks round.
  if (exponent > 12) return (high, low) => Math.floor((high * TWO_32 + low) / divisor)
  return (high, low) => Math.floor(high / divisor) * TWO_32 + Math.floor(((high % divisor) * TWO_32 + low) / divisor)
}

function binaryClock(exponent: number): TickClock {
  const perSecond = 2 ** exponent
  return (high, low) => {
    if (exponent > 32) {
      const perHigh = 2 ** (exponent - 32)
      const fraction = ((high % perHigh) * TWO_32 + low) / perSecond
      return Math.floor(high / perHigh) * 1e6 + Math.floor(fraction * 1e6)
    }
    const whole = high * (TWO_32 / perSecond) + Math.floor(low / perSecond)
    return whole * 1e6 + Math.floor(((low % perSecond) * 1e6) / perSecond)
  }
}
