/** What the guardian may pause, for how long, and how long it rests then: the program's rules (`governance/pause.rs`). */
import type { BoardView, Clearinghouse } from '@ballast/client';
import type { Config } from '../../chain/config';

export interface PauseKind {
  title: string;
  /** What it does to people. */
  text: string;
  longestS: number;
  /** How many times as long it must then be left off. */
  rest: number;
  /** Bit for the whole house; none where assets and markets are named. */
  bit: number;
}

export const PAUSES: readonly PauseKind[] = [
  {
    title: 'New risk',
    text: 'Nobody opens or enlarges a position, or borrows. Reducing, withdrawing and settling go on.',
    longestS: 86_400,
    rest: 3,
    bit: 1,
  },
  {
    title: 'Deposits, and liquidation with them',
    text: 'Nobody deposits; so nobody is liquidated either, who could not have saved the account.',
    longestS: 3_600,
    rest: 24,
    bit: 2,
  },
  {
    title: 'Single assets and markets',
    text: 'Positions and loans in the chosen ones may only be reduced.',
    longestS: 86_400,
    rest: 3,
    bit: 0,
  },
];

/** What somebody chose to pause. */
export interface PauseChoice {
  /** By kind. */
  kinds: readonly boolean[];
  assets: readonly number[];
  markets: readonly number[];
  seconds: number;
}

/** Why it cannot be paused so; the program judges in the end. */
export function complaintOf(
  choice: PauseChoice,
  house: Pick<Clearinghouse, 'nextPause'>,
  now: number,
): string | undefined {
  const { kinds, assets, markets, seconds } = choice;
  if (!kinds.includes(true)) return 'Choose what is to be paused.';
  if (kinds[2] && assets.length + markets.length === 0) return 'Choose assets or markets.';
  const resting = PAUSES.findIndex(
    (_, kind) => kinds[kind] && Number(house.nextPause[kind] ?? 0n) > now,
  );
  if (resting >= 0) return `“${PAUSES[resting]!.title}” still rests from its last pause.`;
  if (!Number.isInteger(seconds) || seconds <= 0) return 'Give a time, in whole minutes.';
  const longest = longestOf(kinds);
  return seconds > longest
    ? `That may be paused for ${longest / 3_600} ${longest === 3_600 ? 'hour' : 'hours'} at most.`
    : undefined;
}

/** The longest that all of the chosen kinds allow. */
export function longestOf(kinds: readonly boolean[]): number {
  return Math.min(...PAUSES.filter((_, kind) => kinds[kind]).map((kind) => kind.longestS), 86_400);
}

/** The instruction's arguments. */
export function pauseArgs({ kinds, assets, markets, seconds }: PauseChoice) {
  const bits = PAUSES.reduce((all, { bit }, kind) => (kinds[kind] ? all | bit : all), 0);
  const named = kinds[2] === true;
  return {
    bits,
    assets: named ? assets.reduce((all, index) => (all | (1 << index)) >>> 0, 0) : 0,
    markets: named ? markets.reduce((all, index) => all | (1n << BigInt(index)), 0n) : 0n,
    seconds,
  };
}

/** What is paused at a time, by kind, and the names of single assets and markets. */
export function pausedNow(header: BoardView['header'], config: Config, now: number) {
  const until = Number(header.pauseUntil);
  const on = until > now;
  const names = [
    ...config.assets.filter((a) => (header.pausedAssets >>> a.index) & 1).map((a) => a.symbol),
    ...config.markets
      .filter((m) => (header.pausedMarkets >> BigInt(m.index)) & 1n)
      .map((m) => m.symbol),
  ];
  const kinds = [
    on && (header.paused & 1) !== 0,
    on && (header.paused & 2) !== 0,
    on && names.length > 0,
  ];
  return { on: kinds.includes(true), until, kinds, names };
}

/** The pause that stands in a market's way, in a word or two; the market's and its asset's own, and the house's. */
export function pauseIn(
  header: BoardView['header'],
  market: { index: number; asset: number },
  now: number,
): string | undefined {
  if (Number(header.pauseUntil) <= now) return undefined;
  if ((header.paused & 1) !== 0) return 'new risk paused';
  const asset = (header.pausedAssets >>> market.asset) & 1;
  const own = (header.pausedMarkets >> BigInt(market.index)) & 1n;
  return asset !== 0 || own !== 0n ? 'paused: reduce-only' : undefined;
}
