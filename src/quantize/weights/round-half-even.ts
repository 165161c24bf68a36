/** 1.5 * 2^52: adding it leaves no bits for a fraction. */
const noFraction = 6755399441055744

/** The nearest integer, halves to the even one; beyond 2^51 a number near it, NaN and infinities as they are. */
export const roundHalfEven = (x: number): number => x + noFraction - noFraction
