// Exponential, sigmoid and tanh of four numbers at once, and the stores that end a row whose width is no multiple of four.

/** exp, Cephes' expf: relative error 1e-7 on [-87, 88], beyond which it saturates. */
// @ts-ignore: decorator
@inline
export function exp4(x: v128): v128 {
  x = f32x4.min(f32x4.max(x, f32x4.splat(-87)), f32x4.splat(88))
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)))
  // ln 2 in two parts, so that n · ln 2 loses nothing.
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)))
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.1219444e-4)))
  let p = f32x4.splat(1.98756915e-4)
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1))
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1))
  p = f32x4.add(f32x4.mul(f32x4.mul(p, r), r), f32x4.add(r, f32x4.splat(1)))
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23)
  return f32x4.mul(p, power)
}

// @ts-ignore: decorator
@inline
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1)
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))))
}

/** tanh as a ratio of polynomials (the coefficients of Eigen 3.4): a few units in the last place everywhere, near 0 too. */
// @ts-ignore: decorator
@inline
export function tanh4(x: v128): v128 {
  x = f32x4.min(f32x4.max(x, f32x4.splat(-7.905311)), f32x4.splat(7.905311))
  const s = f32x4.mul(x, x)
  let p = f32x4.splat(-2.76076847742355e-16)
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(2.00018790482477e-13))
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(-8.60467152213735e-11))
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(5.12229709037114e-8))
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(1.48572235717979e-5))
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(6.37261928875436e-4))
  p = f32x4.add(f32x4.mul(p, s), f32x4.splat(4.89352455891786e-3))
  let q = f32x4.splat(1.19825839466702e-6)
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(1.18534705686654e-4))
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(2.268434632439e-3))
  q = f32x4.add(f32x4.mul(q, s), f32x4.splat(4.89352518554385e-3))
  return f32x4.div(f32x4.mul(x, p), q)
}

/** Stores the first `lanes` of four; the common case stays a single store. */
// @ts-ignore: decorator
@inline
export function put(at: usize, value: v128, lanes: i32): void {
  if (lanes >= 4) v128.store(at, value)
  else putSome(at, value, lanes)
}

function putSome(at: usize, value: v128, lanes: i32): void {
  v128.store32_lane(at, value, 0)
  if (lanes > 1) v128.store32_lane(at, value, 1, 4)
  if (lanes > 2) v128.store32_lane(at, value, 2, 8)
}
