import { describe, expect, it } from 'vitest';
import type { HouseEvent } from '../api/client';
import { exitWindow } from './backstop/exit';
import { change, describe as tell, KINDS, type Names } from './liquidations/describe';
import { moved } from './risk/moved';
import { rowsOf } from './risk/ring';

const names: Names = {
  asset: () => ({ symbol: 'ETH', decimals: 8 }),
  market: () => ({ symbol: 'SOL-PERP', decimals: 9 }),
};
const event = (kind: string, data: Record<string, unknown>): HouseEvent => ({
  id: 1,
  t: 1,
  slot: 1,
  signature: 's',
  kind,
  data,
});

describe('the liquidations feed', () => {
  it('says what was taken, for what penalty, and what became of the account', () => {
    const story = tell(
      event('Liquidated', {
        account: 'A',
        keeper: 'K',
        legs: [
          { market: 0, asset: 0, quantity: '-42500000000', proceeds: '-1', penalty: '2' },
          { market: null, asset: 2, quantity: '120000000', proceeds: '3720000000', penalty: '1' },
        ],
        penalty: '39000000',
        toInsurance: '11700000',
        equityBefore: '6120000000',
        mmBefore: '6700000000',
        equityAfter: '6081000000',
        mmAfter: '0',
        bounty: '0',
      }),
      names,
    );
    expect(story?.lines).toEqual(['short 42.5 SOL-PERP', '1.2 ETH collateral for 3,720.00']);
    expect(story?.penalty).toBe(39_000_000n);
    expect(change(story!)).toBe('91.3 → no risk');
  });

  it('says who paid for a bankruptcy, and only who did', () => {
    const story = tell(
      event('BankruptcyResolved', {
        account: 'A',
        market: 1,
        base: '1000000000',
        insurance: '5000000',
        slice: '0',
        socialised: '0',
        left: '2000000',
        wholeSide: true,
      }),
      names,
    );
    expect(story?.lines).toEqual([
      'long 1 SOL-PERP, the whole other side closed',
      'insurance paid 5.00',
      'still owed 2.00',
    ]);
  });

  it('leaves out what another version of the program wrote, and never throws', () => {
    for (const kind of KINDS) expect(tell(event(kind, {}), names)).toBeUndefined();
    expect(tell(event('Ticked', {}), names)).toBeUndefined();
  });
});

describe('the scenario ring', () => {
  it('counts rows that were lived, and knows the newest and the oldest', () => {
    const bytes = new Uint8Array(8 + 4 * 256);
    const view = new DataView(bytes.buffer);
    view.setUint32(8, 500, true);
    view.setUint32(8 + 4 * 255, 300, true);
    expect(rowsOf(bytes, 8)).toEqual({ size: 256, written: 2, newest: 500, oldest: 300 });
  });
});

describe('what moved', () => {
  const point = {
    t: 1,
    price: 100,
    stable: 100,
    sigma: 0.01,
    haircutLong: 0.05,
    haircutShort: 0.05,
    haircutMin: 0.03,
    haircutMax: 0.2,
    state: 'normal' as const,
  };
  it('names only what reads differently', () => {
    const later = { ...point, t: 2, haircutLong: 0.0725, haircutMin: 0.0300001, state: 'guarded' as const };
    expect(moved([point, later])).toEqual([
      { name: 'Haircut long', from: '5.00 %', to: '7.25 %' },
      { name: 'Breaker', from: 'normal', to: 'guarded' },
    ]);
  });
  it('is nothing of one point', () => {
    expect(moved([point])).toEqual([]);
  });
});

describe('a withdrawal from the backstop', () => {
  it('may be made for as long as its delay, and a day at most', () => {
    expect(exitWindow(1_000, 3_600)).toEqual({ from: 4_600, until: 8_200 });
    expect(exitWindow(1_000, 604_800)).toEqual({ from: 605_800, until: 692_200 });
  });
});
