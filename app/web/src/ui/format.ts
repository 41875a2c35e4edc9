/**
 * Numbers for people. Money stays a bigint of native units until this file writes it out, exactly; only charts and
 * prices that a history serves as decimals are floating point.
 */

const GROUPED = new Intl.NumberFormat('en-US', { useGrouping: true });

/** Decimals of the quote token. */
export const QUOTE_DECIMALS = 6;
/** One, as the program writes rates. */
export const RATE_ONE = 1n << 32n;

export interface DecimalOptions {
  /** Digits that are always shown behind the point. */
  least?: number;
  /** Digits that are shown at most; what lies behind is cut, never rounded up. */
  most?: number;
  /** A plus in front of what is positive. */
  sign?: boolean;
}

/** An amount of native units as a decimal: exact where `most` allows it, else cut towards zero. */
export function decimal(amount: bigint, decimals: number, options: DecimalOptions = {}): string {
  const { least = 0, most = decimals, sign = false } = options;
  const magnitude = amount < 0n ? -amount : amount;
  const unit = 10n ** BigInt(decimals);
  let fraction = (magnitude % unit).toString().padStart(decimals, '0').slice(0, decimals);
  fraction = fraction.slice(0, Math.min(most, decimals)).replace(/0+$/, '');
  fraction = fraction.padEnd(Math.max(least, 0), '0');
  const whole = GROUPED.format(magnitude / unit);
  const prefix = amount < 0n ? '−' : sign && amount > 0n ? '+' : '';
  return fraction === '' ? prefix + whole : `${prefix}${whole}.${fraction}`;
}

/** Quote micro-units as dollars of the quote token, with cents. */
export function quote(micro: bigint, options: DecimalOptions = {}): string {
  return decimal(micro, QUOTE_DECIMALS, { least: 2, most: 2, ...options });
}

/** What a person typed as native units, or why that is no amount. */
export function parseDecimal(text: string, decimals: number): bigint | { error: string } {
  const clean = text.trim().replace(/[, _]/g, '');
  if (clean === '') return { error: 'Give an amount.' };
  const match = /^(\d*)(?:\.(\d*))?$/.exec(clean);
  if (!match || (match[1] === '' && (match[2] ?? '') === '')) {
    return { error: 'That is no number: write digits, with a point before decimals.' };
  }
  const fraction = match[2] ?? '';
  if (fraction.length > decimals) {
    return { error: `This token has ${decimals} decimals: there are more digits behind the point.` };
  }
  const units = BigInt((match[1] || '0') + fraction.padEnd(decimals, '0'));
  return units === 0n ? { error: 'The amount is zero: give a positive amount.' } : units;
}

/** A rate of the program (2⁻³²) as a percentage. */
export function rate(value: bigint, digits = 2): string {
  return percent(Number(value) / Number(RATE_ONE), digits);
}

/** A fraction (0.05) as a percentage. */
export function percent(fraction: number, digits = 2): string {
  return `${fixed(fraction * 100, digits)} %`;
}

/** Basis points as a percentage. */
export function bps(value: number): string {
  return `${trimmed(value / 100, 2)} %`;
}

/** A floating number with a fixed number of digits, and a real minus. */
export function fixed(value: number, digits = 2): string {
  if (!Number.isFinite(value)) return '–';
  const text = Math.abs(value).toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return value < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

function trimmed(value: number, digits: number): string {
  const text = Math.abs(value).toLocaleString('en-US', { maximumFractionDigits: digits });
  return value < 0 ? `−${text}` : text;
}

/** A price in dollars with as many digits as its size asks for. */
export function dollars(value: number): string {
  const size = Math.abs(value);
  return fixed(value, size >= 1000 ? 2 : size >= 10 ? 3 : size >= 0.1 ? 4 : 6);
}

/** A price as the board holds it. */
export interface BoardPrice {
  mantissa: bigint;
  shift: number;
}

/** What native units are worth at a price, quote micro-units, rounded down as the program does. */
export function valueAt(price: BoardPrice, units: bigint): bigint {
  return (units * price.mantissa) >> BigInt(price.shift);
}

/** A board price in dollars a whole token, a floating number for charts and for words. */
export function priceNumber(price: BoardPrice, decimals: number): number {
  // Twelve digits behind the point before the division, so that a cheap token keeps its precision.
  const scaled = (price.mantissa * 10n ** BigInt(decimals + 12)) >> BigInt(price.shift);
  return Number(scaled) / 1e12 / 10 ** QUOTE_DECIMALS;
}

/** A board price in dollars a whole token. */
export function price(value: BoardPrice, decimals: number): string {
  return value.mantissa === 0n ? '–' : dollars(priceNumber(value, decimals));
}

/** Equity ÷ MM as people read it, from bigints: 182 %. Nothing where nothing is required. */
export function healthPercent(equity: bigint, maintenance: bigint): number | undefined {
  if (maintenance <= 0n) return undefined;
  return Number((equity * 10_000n) / maintenance) / 100;
}

/** A health percentage; beyond a thousand it says so and no more. */
export function health(value: number | undefined): string {
  if (value === undefined) return 'no risk';
  return value >= 1000 ? '> 1,000 %' : `${fixed(value, value < 200 ? 1 : 0)} %`;
}

/** A key, cut in the middle. */
export function shortAddress(address: string): string {
  return address.length > 11 ? `${address.slice(0, 4)}…${address.slice(-4)}` : address;
}

/** A length of time, its two largest parts. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const units: [number, string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
    [1, 's'],
  ];
  const parts: string[] = [];
  let rest = s;
  for (const [size, name] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
    if (parts.length === 2 || (parts.length === 1 && count === 0)) break;
  }
  return parts.length === 0 ? '0 s' : parts.join(' ');
}

/** How long ago a chain time was, seen from a chain time. */
export function ago(time: number, now: number): string {
  const seconds = now - time;
  return seconds < 2 ? 'now' : `${duration(seconds < 60 ? seconds : Math.floor(seconds / 60) * 60)} ago`;
}

/** A chain time in the reader's own zone. */
export function clock(time: number): string {
  return new Date(time * 1000).toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}

/** A zero-padded name from the chain. */
export function symbolText(bytes: ArrayLike<number>): string {
  let text = '';
  for (let i = 0; i < bytes.length && bytes[i] !== 0; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** What a breaker's state is called. */
export const BREAKER = ['normal', 'guarded', 'doubted', 'halted'] as const;
export type Breaker = (typeof BREAKER)[number];
