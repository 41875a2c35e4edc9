import { describe, expect, test } from 'vitest';
import {
  AmountError,
  formatPrice,
  formatRate,
  formatRounded,
  formatUnits,
  parseUnits,
  priceToNumber,
  rateToNumber,
  symbolBytes,
  symbolText,
  worth,
} from '../src';
import { Dice } from './idl';

describe('amounts', () => {
  test.each([
    ['12.5', 6, 12_500_000n],
    ['0.1', 6, 100_000n],
    ['.5', 9, 500_000_000n],
    ['5.', 2, 500n],
    ['-0.000001', 6, -1n],
    ['+3', 0, 3n],
    ['1.2000000000', 1, 12n],
    ['18446744073709.551615', 6, 2n ** 64n - 1n],
    [' 7 ', 0, 7n],
  ])('"%s" with %i decimals', (text, decimals, units) => {
    expect(parseUnits(text, decimals)).toBe(units);
  });
  test.each(['', '.', '-', '1e6', '1,000', '0x10', '1.2.3', 'NaN', 'Infinity', '１２'])(
    '"%s" is refused',
    (text) => {
      expect(() => parseUnits(text, 6)).toThrow(AmountError);
    },
  );
  test('that a token cannot hold are refused, not rounded', () => {
    expect(() => parseUnits('0.0000001', 6)).toThrow('more than 6 decimal places');
    expect(() => parseUnits('1.5', 0)).toThrow(AmountError);
  });
  test('come back as they were, with any decimals', () => {
    const dice = new Dice(5);
    for (let i = 0; i < 2_000; i++) {
      const decimals = dice.below(13);
      const size = dice.bytes(8).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n) >> BigInt(dice.below(64));
      const units = dice.below(2) ? size : -size;
      const text = formatUnits(units, decimals);
      expect(parseUnits(text, decimals)).toBe(units);
      expect(text).not.toMatch(/\.$|\.\d*0$|e/);
    }
  });
  test.each([
    [0n, 6, '0'],
    [-1n, 6, '-0.000001'],
    [1_000_000n, 6, '1'],
    [5n, 0, '5'],
  ])('%i with %i decimals is written %s', (units, decimals, text) => {
    expect(formatUnits(units, decimals)).toBe(text);
  });
  test('keep the places that a table wants, and never show more than there is', () => {
    expect(formatUnits(12_500_000n, 6, 2)).toBe('12.50');
    expect(formatRounded(12_349_999n, 6, 2)).toBe('12.34');
    expect(formatRounded(-12_349_999n, 6, 2)).toBe('-12.34');
    expect(formatRounded(5n, 1, 3)).toBe('0.5');
  });
});

describe('rates', () => {
  test('are shown rounded up, exactly', () => {
    expect(formatRate(1n << 32n)).toBe('100.00 %');
    expect(formatRate((1n << 32n) / 20n)).toBe('5.00 %');
    expect(formatRate(1n)).toBe('0.01 %');
    expect(formatRate(0n)).toBe('0.00 %');
    expect(formatRate(-(1n << 31n), 1)).toBe('-50.0 %');
  });
  test('are fractions for charts', () => {
    expect(rateToNumber(1n << 31n)).toBe(0.5);
  });
});

describe('prices', () => {
  // 150.25 dollars a token of 9 decimals: 0.15025 micro-units a native unit, with 49 bits behind the point.
  const shift = 49;
  const price = { mantissa: (15_025n * 2n ** 49n) / 100_000n, shift };
  test('are dollars a whole token', () => {
    expect(formatPrice(price, 9, 2)).toBe('150.25');
    expect(priceToNumber(price, 9)).toBeCloseTo(150.25, 9);
    expect(formatPrice({ mantissa: 2n ** 47n, shift: 47 }, 0, 6)).toBe('0.000001');
    expect(formatPrice({ mantissa: 2n ** 47n, shift: 40 }, 0, 2)).toBe('0.00');
  });
  test('before the first sample are none', () => {
    expect(formatPrice({ mantissa: 0n, shift: 0 }, 9, 2)).toBeUndefined();
  });
  test('value an amount in micro-units, rounded down on both sides of zero', () => {
    expect(worth(2_000_000_000n, price)).toBe(300_499_999n);
    expect(worth(-2_000_000_000n, price)).toBe(-300_500_000n);
  });
});

test('symbols are padded with zeros, and refused where they do not fit', () => {
  expect(symbolText(symbolBytes('SOL-PERP'))).toBe('SOL-PERP');
  expect(symbolBytes('SOL')).toHaveLength(16);
  expect(() => symbolBytes('a name of 17 byte')).toThrow('16 bytes');
});
