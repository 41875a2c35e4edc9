/**
 * Amounts between the chain and people. Money is whole native units everywhere (`bigint`), and decimal text at the very
 * edge; both directions are exact and never pass through a float, which cannot hold 0.1. Numbers are for charts only.
 */
import type { ReadonlyUint8Array } from '@solana/kit';

/** Decimals of the quote token: all value is in its micro-units. */
export const QUOTE_DECIMALS = 6;

/** What is wrong with an amount that somebody typed. */
export class AmountError extends Error {
  override readonly name = 'AmountError';
}

/** Native units from decimal text: `parseUnits("12.5", 6)` is 12,500,000. Refuses what it cannot hold exactly. */
export function parseUnits(text: string, decimals: number): bigint {
  const parts = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text.trim());
  const [, sign, whole = '', fraction = ''] = parts ?? [];
  if (!parts || whole + fraction === '')
    throw new AmountError(`"${text}" is not an amount: write digits and, for a part, a point, as in 12.5`);
  const places = fraction.replace(/0+$/, '');
  if (places.length > decimals)
    throw new AmountError(`"${text}" has more than ${decimals} decimal places, which this token has not`);
  const units = BigInt(whole + places.padEnd(decimals, '0'));
  return sign === '-' ? -units : units;
}

/** Decimal text from native units, exact, with at least `least` decimal places: `formatUnits(12_500_000n, 6)` is 12.5. */
export function formatUnits(units: bigint, decimals: number, least = 0): string {
  const digits = magnitude(units).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const places = digits
    .slice(digits.length - decimals)
    .replace(/0+$/, '')
    .padEnd(Math.min(least, decimals), '0');
  return `${units < 0n ? '-' : ''}${whole}${places && `.${places}`}`;
}

/** Decimal text with just so many places, rounded down in size: nobody is shown more than there is. */
export function formatRounded(units: bigint, decimals: number, places: number): string {
  if (places >= decimals) return formatUnits(units, decimals, places);
  const step = 10n ** BigInt(decimals - places);
  return formatUnits((units / step) * step, decimals, places);
}

/** A rate of the program (haircuts, σ, add-ons: 2⁻³²) as a fraction: 0.05 is five percent. */
export function rateToNumber(rate: bigint): number {
  return Number(rate) / 2 ** 32;
}

/** A rate as text in percent with so many places, rounded up: requirements are never shown smaller than they are. */
export function formatRate(rate: bigint, places = 2): string {
  const scale = 100n * 10n ** BigInt(places);
  const scaled = magnitude(rate) * scale;
  const whole = scaled >> 32n;
  const up = rate > 0n && whole << 32n !== scaled ? 1n : 0n;
  return `${formatUnits(rate < 0n ? -whole : whole + up, places, places)} %`;
}

/** A price as it stands on the board: `mantissa·2^(−shift)` micro-units of quote a native unit. */
export type BoardPrice = { mantissa: bigint; shift: number };

/** Dollars a whole token with so many places, rounded to nearest; nothing before the first price. */
export function formatPrice(price: BoardPrice, decimals: number, places: number): string | undefined {
  if (price.mantissa === 0n) return undefined;
  // micro-units a native unit × 10^decimals is micro-units a token; the text wants 10^places of a dollar.
  const power = decimals + places - QUOTE_DECIMALS;
  const above = price.mantissa * 10n ** BigInt(Math.max(power, 0));
  const below = (1n << BigInt(price.shift)) * 10n ** BigInt(Math.max(-power, 0));
  return formatUnits((2n * above + below) / (2n * below), places, places);
}

/** Dollars a whole token, for charts. */
export function priceToNumber(price: BoardPrice, decimals: number): number {
  return Number(price.mantissa) * 2 ** -price.shift * 10 ** (decimals - QUOTE_DECIMALS);
}

/** Worth of so many native units at a price, in micro-units, rounded down. For display: margin is the chain's business. */
export function worth(units: bigint, price: BoardPrice): bigint {
  return (units * price.mantissa) >> BigInt(price.shift);
}

/** A name in its on-chain form, zero-padded. */
export function symbolBytes(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name);
  if (bytes.length > 16) throw new RangeError(`"${name}" has more than the 16 bytes of a symbol`);
  const padded = new Uint8Array(16);
  padded.set(bytes);
  return padded;
}

/** A name from its on-chain form. */
export function symbolText(padded: ReadonlyUint8Array): string {
  return new TextDecoder().decode(new Uint8Array(padded)).replace(/\0+$/, '');
}

const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);
