/**
 * The gateway's JSON API. History and explanations come from here; what stands now comes from the chain.
 *
 * Every call fails with an {@link ApiError} that says in a sentence what was wrong, and whether trying again may help.
 */
import { flag, integer, list, maybe, MalformedAnswer, number, object, oneOf, record, text, type Decoder } from './decode';

export const ASSET_STATES = ['normal', 'guarded', 'doubted', 'halted'] as const;
export type AssetStateName = (typeof ASSET_STATES)[number];

/** One point of an asset's history. Prices are dollars a token, σ and haircuts fractions. */
export interface AssetPoint {
  t: number;
  price: number | null;
  stable: number | null;
  sigma: number;
  haircutLong: number;
  haircutShort: number;
  haircutMin: number;
  haircutMax: number;
  state: AssetStateName;
}

export interface MarketPoint {
  t: number;
  openInterest: bigint;
  fundingPerDay: number;
  inventory: bigint | null;
}

export interface HousePoint {
  t: number;
  insurance: bigint;
  quoteVault: bigint;
  lent: bigint;
  accounts: number;
}

/** What the program said it did. Integers in `data` are text, addresses base58. */
export interface HouseEvent {
  id: number;
  t: number;
  slot: number;
  signature: string;
  kind: string;
  data: Record<string, unknown>;
}

export interface Health {
  ok: boolean;
  slot: number;
  behindSeconds: number | null;
  events: number;
}

/** One named part of a haircut, a fraction. */
export interface HaircutPart {
  name: string;
  rate: number;
}

export interface HaircutSide {
  total: number;
  parts: HaircutPart[];
}

/** How a margin account stands among all; figures are none where it cannot be valued, and `unvalued` says why. */
export interface AccountStanding {
  address: string;
  owner: string;
  subAccount: number;
  /** The market whose backstop it is. */
  backstop: number | null;
  equity: bigint | null;
  mm: bigint | null;
  im: bigint | null;
  liquidatable: boolean;
  unvalued: string | null;
}

/** How an account stands, by the engine that the program runs; the rest is what `ballast explain --json` prints. */
export interface Explanation {
  equity: bigint;
  mm: bigint;
  im: bigint;
  whole: Record<string, unknown>;
}

/** What the haircut of an asset is made of now, by the engine that the program runs. */
export interface HaircutBreakdown {
  long: HaircutSide;
  short: HaircutSide;
  least: number;
  most: number;
}

export type Range = { from?: number; to?: number; points?: number };

export type ApiFailure = 'unreachable' | 'slow' | 'refused' | 'malformed';

/** A call that gave nothing that can be shown. */
export class ApiError extends Error {
  constructor(
    readonly failure: ApiFailure,
    message: string,
    readonly status?: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Whether the same call may succeed later without anybody changing anything. */
  get passing(): boolean {
    return this.failure === 'unreachable' || this.failure === 'slow' || (this.status ?? 0) >= 500;
  }
}

const assetPoint: Decoder<AssetPoint> = object<AssetPoint>({
  t: number,
  price: maybe(number),
  stable: maybe(number),
  sigma: number,
  haircutLong: number,
  haircutShort: number,
  haircutMin: number,
  haircutMax: number,
  state: oneOf(...ASSET_STATES),
});
const marketPoint: Decoder<MarketPoint> = object<MarketPoint>({
  t: number,
  openInterest: integer,
  fundingPerDay: number,
  inventory: maybe(integer),
});
const housePoint: Decoder<HousePoint> = object<HousePoint>({
  t: number,
  insurance: integer,
  quoteVault: integer,
  lent: integer,
  accounts: number,
});
const health: Decoder<Health> = object<Health>({
  ok: flag,
  slot: number,
  behindSeconds: maybe(number),
  events: number,
});
export const houseEvent: Decoder<HouseEvent> = object<HouseEvent>({
  id: number,
  t: number,
  slot: number,
  signature: text,
  kind: text,
  data: record,
});

const haircutSide: Decoder<HaircutSide> = (value, path) => {
  const side = record(value, path);
  return {
    total: number(side.haircut, `${path}.haircut`),
    parts: list(object<HaircutPart>({ name: text, rate: number }))(side.parts, `${path}.parts`),
  };
};
const haircut: Decoder<HaircutBreakdown> = object<HaircutBreakdown>({
  long: haircutSide,
  short: haircutSide,
  least: number,
  most: number,
});

const accountStanding: Decoder<AccountStanding> = object<AccountStanding>({
  address: text,
  owner: text,
  subAccount: number,
  backstop: maybe(number),
  equity: maybe(integer),
  mm: maybe(integer),
  im: maybe(integer),
  liquidatable: flag,
  unvalued: maybe(text),
});
const explanation: Decoder<Explanation> = (value, path) => {
  const whole = record(value, path);
  const figure = (name: string) => integer(whole[name], `${path}.${name}`);
  return { equity: figure('equity'), mm: figure('mm'), im: figure('im'), whole };
};

/** How long a call may take. */
const PATIENCE_MS = 10_000;

export class Api {
  constructor(
    readonly base = '',
    private readonly fetcher: typeof fetch = (...args) => fetch(...args),
  ) {}

  health = (signal?: AbortSignal) => this.get('/api/health', {}, health, signal);

  assetHistory = (index: number, range: Range, signal?: AbortSignal) =>
    this.get(`/api/history/assets/${index}`, range, list(assetPoint), signal);

  marketHistory = (index: number, range: Range, signal?: AbortSignal) =>
    this.get(`/api/history/markets/${index}`, range, list(marketPoint), signal);

  houseHistory = (range: Range, signal?: AbortSignal) => this.get('/api/history/house', range, list(housePoint), signal);

  /** Newest first. */
  events = (
    query: { kind?: string; account?: string; limit?: number; before?: number },
    signal?: AbortSignal,
  ) => this.get('/api/events', query, list(houseEvent), signal);

  /** Margin accounts, the one nearest to liquidation first. */
  accounts = (limit: number, signal?: AbortSignal) =>
    this.get('/api/accounts', { sort: 'health', limit }, list(accountStanding), signal);

  haircut = (index: number, signal?: AbortSignal) => this.get(`/api/assets/${index}/haircut`, {}, haircut, signal);

  /** `trade` is `MARKET:BASE`, what the account would be after it. */
  explain = (account: string, query: { at?: number; trade?: string } = {}, signal?: AbortSignal) =>
    this.get(`/api/accounts/${account}/explain`, query, explanation, signal);

  /** Address of the event stream. */
  get streamUrl(): string {
    return `${this.base}/api/stream`;
  }

  private async get<T>(
    path: string,
    query: Record<string, string | number | undefined>,
    decode: Decoder<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const parameters = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) if (value !== undefined) parameters.set(key, String(value));
    const search = parameters.toString();
    const late = AbortSignal.timeout(PATIENCE_MS);
    let response: Response;
    let body: unknown;
    try {
      const signals = signal ? AbortSignal.any([signal, late]) : late;
      response = await this.fetcher(`${this.base}${path}${search && `?${search}`}`, {
        signal: signals,
        headers: { accept: 'application/json' },
      });
      body = await response.json().catch((error: unknown) => {
        if (signals.aborted) throw error;
        return undefined;
      });
    } catch (error) {
      if (signal?.aborted) throw error;
      if (late.aborted) throw new ApiError('slow', `The history service did not answer within ${PATIENCE_MS / 1000} seconds.`);
      throw new ApiError('unreachable', 'The history service cannot be reached. Check that it runs and that you are online.');
    }
    if (!response.ok) {
      const said = typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : '';
      throw new ApiError('refused', sentence(said) || `The history service answered ${response.status}.`, response.status);
    }
    try {
      return decode(body, 'answer');
    } catch (error) {
      if (!(error instanceof MalformedAnswer)) throw error;
      throw new ApiError('malformed', `The history service speaks another version: ${error.message}.`);
    }
  }
}

/** Words of the gateway as a sentence of their own. */
function sentence(words: string): string {
  return words && words[0]!.toUpperCase() + words.slice(1) + (/[.!?]$/.test(words) ? '' : '.');
}
