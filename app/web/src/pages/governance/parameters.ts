/**
 * The table of what governance may move. Its rows come from the program (`idl/governance.json`, written by
 * `tools/idl`), with the place in an account where each value stands: nothing of it is repeated here.
 */
import table from '../../../../../idl/governance.json';
import { bps, decimal, duration, fixed, parseDecimal, quote, QUOTE_DECIMALS } from '../../ui/format';

export type Unit = 'bps' | 'quote' | 'native' | 'e8' | 'bits' | 'seconds' | 'count';
export type Target = 'house' | 'asset' | 'market' | 'backstop';
export type AccountName = 'clearinghouse' | 'assetConfig' | 'market' | 'backstopVault' | 'riskBoard';

export interface Parameter {
  index: number;
  name: string;
  /** The name in words. */
  title: string;
  group: string;
  /** What it means, as the program's table says it. */
  docs: string;
  unit: Unit;
  target: Target;
  least: bigint;
  most: bigint;
  loosens: 'up' | 'down' | 'either';
  tightens: Pace;
  stepBps: bigint;
  stepLeast: bigint;
  stewardBps: bigint;
  place: { account: AccountName; offset: number; stride: number; width: number; rate: boolean };
}

export type Pace = 'atOnce' | 'ramp' | 'wait';

export const DELAYS = {
  parameter: table.delaySeconds,
  role: table.longDelaySeconds,
  life: table.lifeSeconds,
  ramp: table.rampSeconds,
  rampStep: table.rampStepSeconds,
  steward: table.stewardPauseSeconds,
};

export const PARAMETERS: readonly Parameter[] = table.parameters.map((row) => ({
  ...row,
  title: words(row.name),
  docs: sentence(row.docs),
  unit: row.unit as Unit,
  target: row.target as Target,
  least: BigInt(row.least),
  most: BigInt(row.most),
  loosens: row.loosens as Parameter['loosens'],
  tightens: row.tightens as Pace,
  stepBps: BigInt(row.stepBps),
  stepLeast: BigInt(row.stepLeast),
  stewardBps: BigInt(row.stewardBps),
  place: { ...row.place, account: row.place.account as AccountName },
}));

function words(name: string): string {
  const apart = name.replace(/(?!^)([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);
  // The target is said by the table that the row stands in.
  return apart.replace(/^(Asset|Market|Backstop) (.)/, (_, __, first: string) => first.toUpperCase());
}

/** The table's sentence without what the column of values says anyway: its unit. */
function sentence(docs: string): string {
  return docs
    .replace(/`/g, '')
    .replace(/, (basis points|quote micro-units|native units|seconds|1e-8|bits)(?=[.;]|$)/g, '')
    .replace(/, (basis points|quote micro-units) (?=a day|an account|of)/g, ', ');
}

/** Raw accounts of the program, discriminator included. */
export type Accounts = Partial<Record<AccountName, ArrayLike<number>>>;

/** What a parameter is now; nothing where its account is not there. `index` is its asset's or market's. */
export function read(parameter: Parameter, accounts: Accounts, index = 0): bigint | undefined {
  const { account, offset, stride, width, rate } = parameter.place;
  const bytes = accounts[account];
  const at = offset + stride * index;
  if (!bytes || bytes.length < at + width) return undefined;
  let value = 0n;
  for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!);
  // The program rounds a rate up when it says it in basis points, and so finds what it was given.
  return rate ? (value * 10_000n + (1n << 32n) - 1n) >> 32n : value;
}

/** The token that native units are of. */
export interface Token {
  symbol: string;
  decimals: number;
}

/** The number from which a distance or a step is none at all. */
const NO_LIMIT_BPS = 1_000_000n;

/** A value as people say it; `brief` where only its size matters. */
export function say(parameter: Parameter, value: bigint, token?: Token, brief = false): string {
  switch (parameter.unit) {
    case 'bps':
      return value === NO_LIMIT_BPS ? 'no limit' : bps(Number(value));
    case 'seconds':
      return value === 0n ? '0 s' : duration(Number(value));
    case 'quote':
      if (value >= 1n << 60n) return 'no limit';
      return short(value, QUOTE_DECIMALS, brief) ?? quote(value, { least: 0, most: 6 });
    case 'native':
      if (value === 0n && parameter.least > 0n) return 'no limit';
      if (!token) return value.toLocaleString('en-US');
      return `${short(value, token.decimals, brief) ?? decimal(value, token.decimals, { most: 4 })} ${token.symbol}`;
    case 'e8':
      return `${trimmed(Number(value) / 1e6)} %`;
    case 'bits':
      return value === 0n ? 'none' : 'reduce-only';
    case 'count':
      return value.toLocaleString('en-US');
  }
}

/** What has so many digits before the point that nobody reads them, as an order of magnitude. */
function short(value: bigint, decimals: number, brief: boolean): string | undefined {
  const whole = value / 10n ** BigInt(decimals);
  if (whole < (brief ? 1_000_000n : 1_000_000_000n)) return undefined;
  return whole.toLocaleString('en-US', { notation: 'compact', maximumSignificantDigits: 3 });
}

function trimmed(value: number): string {
  return fixed(value, 6).replace(/\.?0+$/, '');
}

/** What is behind a number in a field, and how many digits may stand behind its point. */
export function unitOf(parameter: Parameter, token?: Token): { suffix: string; decimals: number } {
  switch (parameter.unit) {
    case 'bps':
      return { suffix: '%', decimals: 2 };
    case 'e8':
      return { suffix: '%', decimals: 6 };
    case 'seconds':
      return { suffix: 'seconds', decimals: 0 };
    case 'quote':
      return { suffix: 'quote', decimals: QUOTE_DECIMALS };
    case 'native':
      return { suffix: token?.symbol ?? 'native units', decimals: token?.decimals ?? 0 };
    default:
      return { suffix: '', decimals: 0 };
  }
}

/** What was typed, as the program counts it. */
export function parse(parameter: Parameter, text: string, token?: Token): bigint | { error: string } {
  const { decimals } = unitOf(parameter, token);
  if (/^\s*0*\.?0*\s*$/.test(text) && /0/.test(text)) return 0n;
  return parseDecimal(text, decimals);
}

/** How a move goes. */
export function pace(parameter: Parameter, from: bigint, to: bigint): Pace {
  return isLoosening(parameter, from, to) ? 'wait' : parameter.tightens;
}

/** Whether a move takes protection away. */
export function isLoosening(parameter: Parameter, from: bigint, to: bigint): boolean {
  if (parameter.loosens === 'either') return true;
  return parameter.loosens === 'up' ? to > from : to < from;
}

/** How far one proposal may go from a value, by governance or by the steward: inside the code's bounds. */
export function reach(parameter: Parameter, from: bigint, asSteward = false): { least: bigint; most: bigint } {
  const [share, distance] = stepOf(parameter, asSteward);
  const part = (from * share) / 10_000n;
  const step = part > distance ? part : distance;
  const low = from > step ? from - step : 0n;
  const high = from + step;
  return {
    least: low > parameter.least ? low : parameter.least,
    most: high < parameter.most ? high : parameter.most,
  };
}

/** A step as a share of the value in basis points, and as the distance that is always allowed. */
function stepOf(parameter: Parameter, asSteward: boolean): [share: bigint, distance: bigint] {
  const { stepBps, stepLeast, stewardBps } = parameter;
  if (!asSteward) return [stepBps, stepLeast];
  // Where a step is a distance and no share, so is the steward's.
  return stepBps === 0n ? [0n, stewardBps] : [stewardBps, stepLeast];
}

/** The step of one proposal in words. */
export function step(parameter: Parameter, token?: Token, asSteward = false): string {
  if (parameter.unit === 'bits') return 'any';
  const [share, distance] = stepOf(parameter, asSteward);
  const least = distance > 0n ? say(parameter, distance, token) : '';
  if (share === 0n) return least;
  return `${bps(Number(share))}${least ? `, at least ${least}` : ''}`;
}

export const PACES: Record<Pace, string> = {
  atOnce: 'at once',
  ramp: 'ramps over a day',
  wait: 'waits two days',
};
