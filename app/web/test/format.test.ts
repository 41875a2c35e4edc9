import { describe, expect, it } from 'vitest';
import {
  ago,
  decimal,
  dollars,
  duration,
  health,
  healthPercent,
  parseDecimal,
  price,
  quote,
  rate,
  valueAt,
} from '../src/ui/format';

describe('decimals', () => {
  it('writes every native unit of the largest amount', () => {
    expect(decimal((1n << 64n) - 1n, 9)).toBe('18,446,744,073.709551615');
  });

  it('cuts what lies behind and never rounds up what somebody has', () => {
    expect(quote(1_999_999n)).toBe('1.99');
    expect(quote(-1_999_999n)).toBe('−1.99');
  });

  it('shows a plus where a difference is meant', () => {
    expect(quote(5_000_000n, { sign: true })).toBe('+5.00');
    expect(quote(0n, { sign: true })).toBe('0.00');
  });

  it('knows tokens without decimals', () => {
    expect(decimal(1_234n, 0)).toBe('1,234');
    expect(parseDecimal('7', 0)).toBe(7n);
  });

  it('reads back what it has written, for sizes that a float cannot hold', () => {
    const amount = 9_007_199_254_740_993_123n;
    expect(parseDecimal(decimal(amount, 9), 9)).toBe(amount);
  });

  it.each(['', ' ', '.', '-1', '1e3', '0x10', '1.2.3', 'NaN'])('refuses %j as an amount', (text) => {
    expect(parseDecimal(text, 6)).toHaveProperty('error');
  });

  it('refuses more digits than the token has, and zero', () => {
    expect(parseDecimal('1.0000001', 6)).toHaveProperty('error');
    expect(parseDecimal('0.000000', 6)).toHaveProperty('error');
    expect(parseDecimal('.5', 6)).toBe(500_000n);
  });
});

describe('prices and rates', () => {
  it('values native units as the program does, rounded down on both sides', () => {
    const at = { mantissa: 3n, shift: 1 };
    expect(valueAt(at, 1n)).toBe(1n);
    expect(valueAt(at, -1n)).toBe(-2n);
  });

  it('says nothing of a price that was never published', () => {
    expect(price({ mantissa: 0n, shift: 0 }, 9)).toBe('–');
  });

  it('keeps the digits of cheap tokens', () => {
    // 0.00001234 dollars a token of five decimals: 1.234e-4 micro-units a native unit.
    const shift = 60;
    const mantissa = BigInt(Math.round(1.234e-4 * 2 ** 50)) << 10n;
    expect(price({ mantissa, shift }, 5)).toBe('0.000012');
    expect(dollars(64_123.456)).toBe('64,123.46');
  });

  it('reads a rate of the program as a percentage', () => {
    expect(rate(1n << 31n)).toBe('50.00 %');
  });
});

describe('health', () => {
  it('has no percentage where nothing is required', () => {
    expect(healthPercent(5n, 0n)).toBeUndefined();
    expect(health(undefined)).toBe('no risk');
  });

  it('is exact for amounts beyond a float', () => {
    expect(healthPercent(3_000_000_000_000_000_000n, 2_000_000_000_000_000_000n)).toBe(150);
  });

  it('is below zero where equity is', () => {
    expect(health(healthPercent(-50n, 100n))).toBe('−50.0 %');
  });
});

describe('times', () => {
  it('names the two largest parts', () => {
    expect(duration(0)).toBe('0 s');
    expect(duration(59)).toBe('59 s');
    expect(duration(3_600)).toBe('1 h');
    expect(duration(3_661)).toBe('1 h 1 min');
    expect(duration(90_061)).toBe('1 d 1 h');
  });

  it('does not speak of the future as past', () => {
    expect(ago(100, 90)).toBe('now');
    expect(ago(0, 3_725)).toBe('1 h 2 min ago');
  });
});
