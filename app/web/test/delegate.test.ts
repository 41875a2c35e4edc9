import { readFileSync } from 'node:fs';
import type { Address } from '@solana/kit';
import { describe, expect, it } from 'vitest';
import {
  may,
  NOBODY,
  POWERS,
  powersText,
  standingOf,
  type Authorities,
} from '../src/chain/delegate';

const OWNER = 'So11111111111111111111111111111111111111112' as Address;
const VENUE = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' as Address;

const account = (over: Partial<Authorities> = {}): Authorities => ({
  owner: OWNER,
  delegate: VENUE,
  delegatePowers: 3,
  delegateUntil: 1_000n,
  ...over,
});

describe('powers', () => {
  it('have the bits of the program', () => {
    const path = '../../../programs/ballast/src/state/margin_account.rs';
    const source = readFileSync(new URL(path, import.meta.url), 'utf8');
    for (const { key, bit } of POWERS)
      expect(source).toContain(`pub const ${key.toUpperCase()}: u8 = ${bit};`);
  });

  it('are said in the order of the table', () => {
    expect(powersText(0)).toBe('nothing');
    expect(powersText(15)).toBe('trade, reduce, deposit, liquidate');
  });
});

describe('what a key may do on an account', () => {
  it('is everything for its owner, also where the owner is named as delegate', () => {
    expect(
      may(standingOf(account({ delegate: OWNER, delegatePowers: 0 }), OWNER, 5_000), 'deposit'),
    ).toBe(true);
  });

  it('is what was given for a delegate, up to the second in which its time is over', () => {
    const before = standingOf(account(), VENUE, 999);
    expect(before).toEqual({ as: 'delegate', powers: 3, until: 1_000 });
    expect([may(before, 'trade'), may(before, 'reduce'), may(before, 'deposit')]).toEqual([
      true,
      true,
      false,
    ]);
    expect(may(before, 'deposit', 'trade')).toBe(true);
    const after = standingOf(account(), VENUE, 1_000);
    expect(after).toEqual({ as: 'expired', until: 1_000 });
    expect(may(after, 'trade')).toBe(false);
  });

  it('has no end where none was given', () => {
    expect(standingOf(account({ delegateUntil: 0n }), VENUE, 1e12).as).toBe('delegate');
  });

  it('is nothing for anybody else, and for the key that stands for nobody', () => {
    expect(standingOf(account(), NOBODY, 0)).toEqual({ as: 'nobody' });
    expect(standingOf(account({ delegate: NOBODY as Address }), NOBODY, 0)).toEqual({
      as: 'nobody',
    });
    expect(standingOf(account(), undefined, 0)).toEqual({ as: 'nobody' });
    expect(may({ as: 'nobody' }, 'trade', 'reduce', 'deposit', 'liquidate')).toBe(false);
  });
});
