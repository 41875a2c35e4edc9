import { getBase64Decoder, type Address } from '@solana/kit';
import { ApiError } from '../api/client';
import {
  flag,
  integer,
  list,
  MalformedAnswer,
  maybe,
  number,
  record,
  text,
  type Decoder,
} from '../api/decode';

/**
 * An account's margin taken apart by the gateway, which runs the program's own engine on what stands on the chain. The
 * dApp has no margin maths of its own: where this does not answer, these figures are left out.
 */
export interface ExplainedLeg {
  /** Symbol of the asset. */
  asset: string;
  exposure: bigint;
  expectedShortfall: bigint;
  stress: bigint;
  addon: bigint;
  /** What the leg adds to MM. */
  maintenance: bigint;
  /** Dollars a token; null where no fall or rise of this asset alone liquidates. */
  liquidationBelow: number | null;
  liquidationAbove: number | null;
}

export interface WorstRow {
  row: number;
  /** Unix seconds; zero for one that was loaded before the opening. */
  time: number;
  loss: bigint;
}

export interface Explanation {
  equity: bigint;
  maintenance: bigint;
  initial: bigint;
  expectedShortfall: bigint;
  stress: bigint;
  stressSource: string;
  addons: bigint;
  rest: bigint;
  legs: ExplainedLeg[];
  worst: WorstRow[];
  /** Factor on the volatility of all assets at which it would be liquidated; null where none up to sixteenfold does. */
  volatilityFactor: number | null;
  whatIf: { before: Outcome; after: Outcome } | null;
}

/** What the program asks of new risk: equity is counted at the worse of spot and stable price. */
export interface Outcome {
  equity: bigint;
  maintenance: bigint;
  initial: bigint;
  /** Whether IM would be met. */
  accepted: boolean;
  /** The account taken apart in that state, where the gateway does it. */
  explained: Explanation | null;
}

/** A field by either of the two ways in which names are written. */
function field<T>(from: Record<string, unknown>, path: string, name: string, decode: Decoder<T>): T {
  const snake = name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
  return decode(from[name] ?? from[snake], `${path}.${name}`);
}

const leg: Decoder<ExplainedLeg> = (value, path) => {
  const r = record(value, path);
  return {
    asset: field(r, path, 'asset', text),
    exposure: field(r, path, 'exposure', integer),
    expectedShortfall: field(r, path, 'expectedShortfall', integer),
    stress: field(r, path, 'stress', integer),
    addon: field(r, path, 'addon', integer),
    maintenance: field(r, path, 'maintenance', integer),
    liquidationBelow: field(r, path, 'liquidationPriceBelow', maybe(number)),
    liquidationAbove: field(r, path, 'liquidationPriceAbove', maybe(number)),
  };
};

const worst: Decoder<WorstRow> = (value, path) => {
  const r = record(value, path);
  return {
    row: field(r, path, 'row', number),
    time: field(r, path, 'time', number),
    loss: field(r, path, 'loss', integer),
  };
};

const outcome: Decoder<Outcome> = (value, path) => {
  const r = record(value, path);
  return {
    equity: field(r, path, 'equity', integer),
    maintenance: field(r, path, 'mm', integer),
    initial: field(r, path, 'im', integer),
    accepted: field(r, path, 'accepted', flag),
    explained: field(r, path, 'explained', maybe(explanation)),
  };
};

export function explanation(value: unknown, path: string): Explanation {
  const r = record(value, path);
  const tried = field(r, path, 'whatIf', maybe(record));
  return {
    equity: field(r, path, 'equity', integer),
    maintenance: field(r, path, 'mm', integer),
    initial: field(r, path, 'im', integer),
    expectedShortfall: field(r, path, 'expectedShortfall', integer),
    stress: field(r, path, 'stress', integer),
    stressSource: field(r, path, 'stressSource', text),
    addons: field(r, path, 'addons', integer),
    rest: field(r, path, 'rest', integer),
    legs: field(r, path, 'legs', list(leg)),
    worst: field(r, path, 'worst', list(worst)),
    volatilityFactor: field(r, path, 'liquidationVolatilityFactor', maybe(number)),
    whatIf: tried && {
      before: outcome(tried.before, `${path}.whatIf.before`),
      after: outcome(tried.after, `${path}.whatIf.after`),
    },
  };
}

async function ask(path: string, init: RequestInit, signal?: AbortSignal): Promise<Explanation> {
  const late = AbortSignal.timeout(10_000);
  let response: Response;
  try {
    response = await fetch(path, { ...init, signal: signal ? AbortSignal.any([signal, late]) : late });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError('unreachable', 'The gateway, which takes margin apart, does not answer.');
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) {
    const said = body && typeof body === 'object' && 'error' in body ? String(body.error) : '';
    throw new ApiError('refused', said || `The gateway answered ${response.status}.`, response.status);
  }
  try {
    return explanation(body, 'answer');
  } catch (error) {
    if (!(error instanceof MalformedAnswer)) throw error;
    throw new ApiError('malformed', `The gateway speaks another version: ${error.message}.`);
  }
}

/** Of an account as it stands, and with a trade that is not made: `{ market, base }`, base in native units. */
export function explainAccount(
  account: Address,
  trade?: { market: number; base: bigint },
  signal?: AbortSignal,
): Promise<Explanation> {
  const query = trade ? `?trade=${trade.market}:${trade.base}` : '';
  return ask(`api/accounts/${account}/explain${query}`, {}, signal);
}

/** A gateway of an older version knows no such question: it is asked once. */
let unknown = false;

/** Of an account's bytes, as a simulation has left them. */
export async function explainBytes(bytes: Uint8Array, signal?: AbortSignal): Promise<Explanation> {
  if (unknown) throw new ApiError('refused', 'This gateway does not take simulated accounts apart.', 404);
  const account = getBase64Decoder().decode(bytes);
  const question = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ account }),
  };
  try {
    return await ask('api/explain', question, signal);
  } catch (error) {
    unknown = error instanceof ApiError && (error.status === 404 || error.status === 405);
    throw error;
  }
}
