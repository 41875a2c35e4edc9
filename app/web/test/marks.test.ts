import { getMarginAccountDecoder, MARGIN_ACCOUNT_DISCRIMINATOR } from '@ballast/client';
import { address } from '@solana/kit';
import { describe, expect, it } from 'vitest';
import { decodeMarginAccount } from '../src/chain/accounts';
import { holdingAlone } from '../src/chain/marks';

const HOUSE = address('So11111111111111111111111111111111111111112');
const side = (cash: bigint, epoch: number) =>
  ({ cash, scale: 1n << 32n, epoch, padding: 0 }) as never;
const sides = { long: side(7n, 3), short: side(-9n, 4) };

describe('an account that holds one option and nothing else', () => {
  it('is a margin account of the house, with that position and no money', () => {
    const bytes = holdingAlone(HOUSE, { market: 5, base: 20n }, sides);
    expect(bytes.slice(0, 8)).toEqual(new Uint8Array(MARGIN_ACCOUNT_DISCRIMINATOR));
    const account = decodeMarginAccount(bytes);
    expect(account.clearinghouse).toBe(HOUSE);
    expect(account.quote).toBe(0n);
    const held = account.positions.filter((slot) => slot.base !== 0n || slot.entry !== 0n);
    expect(held).toMatchObject([
      { market: 5, base: 20n, entry: 0n, cash: 7n, epoch: 3, scale: 1n << 32n },
    ]);
  });

  it('is in step with the side that it is on, so that nothing but the option has a value', () => {
    const { positions } = getMarginAccountDecoder().decode(
      holdingAlone(HOUSE, { market: 0, base: -1n }, sides),
    );
    expect(positions[0]).toMatchObject({ base: -1n, entry: 0n, cash: -9n, epoch: 4 });
  });
});

describe('an address that somebody typed', () => {
  it('is no margin account where other bytes stand', () => {
    expect(() => decodeMarginAccount(new Uint8Array(2_000))).toThrow(/no margin account/);
    expect(() => decodeMarginAccount(new Uint8Array(MARGIN_ACCOUNT_DISCRIMINATOR))).toThrow(
      /no margin account/,
    );
  });
});
