/**
 * Complementary error function to about 1e-15 relative: a series near 0, Laplace's continued fraction beyond.
 * @see Abramowitz and Stegun, 7.1.6 and 7.1.14
 */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return x
  if (x < 0) return 2 - erfc(-x)
  if (x < 2) return 1 - erfSeries(x)
  return x > 28 ? 0 : (Math.exp(-x * x) / Math.sqrt(Math.PI)) * laplaceFraction(x)
}

/** Error function, accurate to about 1e-15. */
export function erf(x: number): number {
  if (x < 0) return -erf(-x)
  return x < 2 ? erfSeries(x) : 1 - erfc(x)
}

/** 2/sqrt(pi) * exp(-x^2) * sum of 2^n x^(2n+1) / (1*3*..*(2n+1)): all terms positive. */
function erfSeries(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

/** 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))), from the inside out. */
function laplaceFraction(x: number): number {
  let tail = x
  for (let n = Math.ceil(20 + 200 / x); n > 0; n--) tail = x + n / 2 / tail
  return 1 / tail
}
