/** What the events around a shortfall say, in words and figures. */
import type { HouseEvent } from '../../api/client';
import { integer, list, maybe, number, object, text, flag, type Decoder } from '../../api/decode';
import { decimal, fixed, health, healthPercent, quote } from '../../ui/format';

/** Names of what is listed. */
export interface Names {
  asset: (index: number) => { symbol: string; decimals: number };
  market: (index: number) => { symbol: string; decimals: number };
}

export interface Story {
  title: string;
  tone: 'good' | 'warn' | 'bad' | 'plain';
  /** The margin account that it is about. */
  account: string;
  /** Who did it, where the event names somebody. */
  by?: { address: string; role: string };
  /** What was taken, or what was found. */
  lines: string[];
  /** Quote micro-units that were charged, where anything was. */
  penalty?: bigint;
  /** Of them to the insurance fund. */
  insurance?: bigint;
  /** Equity ÷ MM before and after. */
  before?: number;
  after?: number;
}

/** Kinds of the feed, in two groups that a reader may leave out. */
export const CLOSINGS = ['Liquidated', 'TakenOver', 'BankruptcyResolved'] as const;
export const WARNINGS = ['FoundShort', 'Recovered', 'AlertRaised', 'AlertCleared'] as const;
export const KINDS = [...CLOSINGS, ...WARNINGS] as const;

interface Leg {
  market: number | null;
  asset: number;
  quantity: bigint;
  proceeds: bigint;
  penalty: bigint;
}

const liquidated = object({
  account: text,
  keeper: text,
  legs: list(
    object<Leg>({
      market: maybe(number),
      asset: number,
      quantity: integer,
      proceeds: integer,
      penalty: integer,
    }),
  ),
  penalty: integer,
  toInsurance: integer,
  equityBefore: integer,
  mmBefore: integer,
  equityAfter: integer,
  mmAfter: integer,
  bounty: integer,
});

const takenOver = object({
  market: number,
  account: text,
  vault: text,
  quantity: integer,
  proceeds: integer,
  penalty: integer,
  toInsurance: integer,
});

const bankruptcy = object({
  account: text,
  market: maybe(number),
  base: integer,
  insurance: integer,
  slice: integer,
  socialised: integer,
  left: integer,
  wholeSide: flag,
});

const found = object({ account: text, equity: integer, maintenance: integer });
const alert = object({ account: text, level: number, equity: integer, maintenance: integer });

/** What an event says; nothing where it is of another kind, or cannot be read. */
export function describe(event: HouseEvent, names: Names): Story | undefined {
  try {
    return STORIES[event.kind]?.(event.data, names);
  } catch {
    return undefined;
  }
}

const read = <T>(decoder: Decoder<T>, data: unknown) => decoder(data, 'event');

const STORIES: Record<string, (data: unknown, names: Names) => Story> = {
  Liquidated(data, names) {
    const e = read(liquidated, data);
    return {
      title: 'Liquidated',
      tone: 'bad',
      account: e.account,
      by: { address: e.keeper, role: 'keeper' },
      lines: e.legs.map((leg) => taken(leg, names)).concat(e.bounty > 0n ? [`bounty ${quote(e.bounty)}`] : []),
      penalty: e.penalty,
      insurance: e.toInsurance,
      before: healthPercent(e.equityBefore, e.mmBefore),
      after: healthPercent(e.equityAfter, e.mmAfter),
    };
  },
  TakenOver(data, names) {
    const e = read(takenOver, data);
    return {
      title: 'Taken over',
      tone: 'bad',
      account: e.account,
      by: { address: e.vault, role: 'backstop' },
      lines: [position(e.market, e.quantity, names)],
      penalty: e.penalty,
      insurance: e.toInsurance,
    };
  },
  BankruptcyResolved(data, names) {
    const e = read(bankruptcy, data);
    const parts: [string, bigint][] = [
      ['insurance paid', e.insurance],
      ['backstop paid', e.slice],
      ['other side paid', e.socialised],
      ['still owed', e.left],
    ];
    const lines = parts.filter(([, amount]) => amount > 0n).map(([who, amount]) => `${who} ${quote(amount)}`);
    if (e.market !== null && e.base !== 0n) {
      const whole = e.wholeSide ? ', the whole other side closed' : ' closed against the other side';
      lines.unshift(`${position(e.market, e.base, names)}${whole}`);
    }
    return { title: 'Bankruptcy', tone: 'bad', account: e.account, lines };
  },
  FoundShort(data) {
    const e = read(found, data);
    return short('Fell below MM', 'warn', e, 'its clock runs');
  },
  Recovered(data) {
    const e = read(found, data);
    return short('Recovered', 'good', e, 'at or above MM again');
  },
  AlertRaised(data) {
    const e = read(alert, data);
    return short('Alert', 'warn', e, `fell through alert level ${e.level}`);
  },
  AlertCleared(data) {
    const e = read(alert, data);
    return short('Alert cleared', 'good', e, e.level === 0 ? 'above all its levels' : `below ${e.level} of its levels`);
  },
};

function short(
  title: string,
  tone: Story['tone'],
  e: { account: string; equity: bigint; maintenance: bigint },
  what: string,
): Story {
  return {
    title,
    tone,
    account: e.account,
    lines: [`${what}: equity ${quote(e.equity)}, MM ${quote(e.maintenance)}`],
    after: healthPercent(e.equity, e.maintenance),
  };
}

function taken(leg: Leg, names: Names): string {
  if (leg.market !== null) return position(leg.market, leg.quantity, names);
  const { symbol, decimals } = names.asset(leg.asset);
  return `${amount(leg.quantity, decimals)} ${symbol} collateral for ${quote(leg.proceeds)}`;
}

function position(market: number, quantity: bigint, names: Names): string {
  const { symbol, decimals } = names.market(market);
  return `${quantity < 0n ? 'short' : 'long'} ${amount(quantity, decimals)} ${symbol}`;
}

function amount(quantity: bigint, decimals: number): string {
  return decimal(quantity < 0n ? -quantity : quantity, decimals, { most: 4 });
}

/** Health before and after, as far as it is known. */
export function change(story: Story): string {
  if (story.before === undefined) return story.after === undefined ? '' : health(story.after);
  return `${fixed(story.before, 1)} → ${story.after === undefined ? 'no risk' : `${fixed(story.after, 1)} %`}`;
}
