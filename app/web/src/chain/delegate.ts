import type { MarginAccount } from '@ballast/client';

/** What an owner may let a delegate do: bits of the program's `delegate_power`. */
export const POWERS = [
  { key: 'trade', bit: 1, title: 'Trade', text: 'Open positions, and enlarge them.' },
  { key: 'reduce', bit: 2, title: 'Reduce', text: 'Shrink positions, without changing sides.' },
  { key: 'deposit', bit: 4, title: 'Deposit', text: 'Pay in, from a wallet of its own.' },
  {
    key: 'liquidate',
    bit: 8,
    title: 'Liquidate',
    text: 'Take over parts of accounts that fall short, into this one.',
  },
] as const;
export type Power = (typeof POWERS)[number]['key'];

/** The key of nobody. */
export const NOBODY = '11111111111111111111111111111111';

/** What a key is to a margin account. */
export type Standing =
  | { as: 'owner' }
  /** `until` is when its powers end, unix seconds; zero for never. */
  | { as: 'delegate'; powers: number; until: number }
  /** It was the delegate, up to then. */
  | { as: 'expired'; until: number }
  | { as: 'nobody' };

/** What of an account says who may act on it. */
export type Authorities = Pick<
  MarginAccount,
  'owner' | 'delegate' | 'delegatePowers' | 'delegateUntil'
>;

/** What a key is to an account at a time of the chain. */
export function standingOf(account: Authorities, key: string | undefined, now: number): Standing {
  if (key === undefined) return { as: 'nobody' };
  if (key === account.owner) return { as: 'owner' };
  if (key !== account.delegate || account.delegate === NOBODY) return { as: 'nobody' };
  const until = Number(account.delegateUntil);
  if (until !== 0 && now >= until) return { as: 'expired', until };
  return { as: 'delegate', powers: account.delegatePowers, until };
}

/** Whether it may do what one of these powers is for. The owner may do everything. */
export function may(standing: Standing, ...powers: Power[]): boolean {
  if (standing.as === 'owner') return true;
  if (standing.as !== 'delegate') return false;
  return POWERS.some(({ key, bit }) => powers.includes(key) && (standing.powers & bit) !== 0);
}

/** Powers in words: "trade, reduce". */
export function powersText(powers: number): string {
  const named = POWERS.filter(({ bit }) => (powers & bit) !== 0).map(({ title }) =>
    title.toLowerCase(),
  );
  return named.length === 0 ? 'nothing' : named.join(', ');
}
