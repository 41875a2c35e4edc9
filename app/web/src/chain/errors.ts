import { BALLAST_ERRORS } from '@ballast/client';

/** Why a transaction was not made, in words that a trader can act on. */
export interface TxProblem {
  kind: 'program' | 'rejected' | 'network' | 'funds' | 'wallet' | 'expired' | 'other';
  title: string;
  /** The program's own words where it has spoken. */
  words: string;
  /** What to do about it. */
  advice?: string;
  /** Name of the program's error, `BelowInitialMargin`. */
  name?: string;
  logs?: readonly string[];
}

export class TransactionProblem extends Error {
  readonly problem: TxProblem;
  constructor(problem: TxProblem) {
    super(problem.words);
    this.problem = problem;
  }
}

/** What to do about the errors that traders meet most. */
const ADVICE: Record<string, string> = {
  BelowInitialMargin: 'Take a smaller amount, deposit first, or reduce a position.',
  UtilisationTooHigh: 'Take out less than you have settled, or wait until loans are paid back.',
  OutflowWindowFull: 'Try a smaller amount, or wait: the window refills evenly.',
  LendingWindowFull: 'Take out no more than your settled balance, or wait.',
  StalePrice: 'A keeper refreshes prices; try again in a moment.',
  AssetHalted: 'A keeper refreshes prices; try again in a moment.',
  BackstopFull: 'Ask for a smaller trade.',
  RequestDue: 'A keeper is about to execute it; nothing is left to cancel.',
  AccountNotEmpty: 'Withdraw what is in it, and settle its positions.',
};

function custom(code: number, logs?: readonly string[]): TxProblem {
  const known = BALLAST_ERRORS[code];
  if (known) {
    return {
      kind: 'program',
      title: 'The program refuses this',
      words: `${known.message}.`,
      advice: ADVICE[known.name],
      name: known.name,
      logs,
    };
  }
  const said = fromLogs(logs);
  if (code === 1 && logs?.some((l) => /insufficient funds/i.test(l))) {
    return {
      kind: 'funds',
      title: 'Not enough tokens',
      words: 'Your wallet does not hold that much of the token.',
      logs,
    };
  }
  return {
    kind: 'program',
    title: 'The transaction would fail',
    words: said ?? `A program refused it with code ${code}.`,
    logs,
  };
}

/** The last thing that a program said of its own failure. */
export function fromLogs(logs: readonly string[] | undefined): string | undefined {
  for (const line of [...(logs ?? [])].reverse()) {
    const anchor = /Error Message: (.+)$/.exec(line);
    if (anchor) return anchor[1]!.endsWith('.') ? anchor[1]! : `${anchor[1]!}.`;
    const plain = /^Program log: Error: (.+)$/.exec(line);
    if (plain) return `${plain[1]!}.`;
  }
  return undefined;
}

/** Of the `err` of a simulation or of a status. */
export function fromTransactionError(err: unknown, logs?: readonly string[]): TxProblem {
  const code = customCode(err);
  if (code !== undefined) return custom(code, logs);
  const name = typeof err === 'string' ? err : Object.keys((err as object | null) ?? {})[0];
  if (name === 'AccountNotFound' || name === 'InsufficientFundsForFee') {
    return {
      kind: 'funds',
      title: 'No SOL for the fee',
      words: 'The wallet holds no SOL on this cluster, so it cannot pay for a transaction.',
      logs,
    };
  }
  if (name === 'InsufficientFundsForRent') {
    return {
      kind: 'funds',
      title: 'Not enough SOL',
      words: 'The wallet holds too little SOL for the rent of the account that this opens.',
      logs,
    };
  }
  if (name === 'BlockhashNotFound') return EXPIRED;
  return {
    kind: 'program',
    title: 'The transaction would fail',
    words: fromLogs(logs) ?? `The node refuses it: ${describe(err)}.`,
    logs,
  };
}

const EXPIRED: TxProblem = {
  kind: 'expired',
  title: 'It came too late',
  words: 'The transaction was signed too long ago to be accepted. Nothing has happened: try again.',
};

/** Code of a custom program error, wherever it is in what a node or kit says. */
export function customCode(err: unknown): number | undefined {
  if (!err || typeof err !== 'object') return undefined;
  const at = (err as { InstructionError?: readonly [unknown, unknown] }).InstructionError?.[1];
  const code = at && typeof at === 'object' ? (at as { Custom?: number | bigint }).Custom : undefined;
  return code === undefined ? undefined : Number(code);
}

interface Thrown {
  message?: string;
  name?: string;
  code?: number;
  cause?: unknown;
  context?: { code?: unknown; index?: unknown; logs?: readonly string[] | null; statusCode?: number };
}

/** Of anything that was thrown on the way from the form to the chain. */
export function fromThrown(thrown: unknown): TxProblem {
  if (thrown instanceof TransactionProblem) return thrown.problem;
  let logs: readonly string[] | undefined;
  const chain: Thrown[] = [];
  for (let x = thrown; x && typeof x === 'object' && chain.length < 8; x = (x as Thrown).cause) {
    chain.push(x as Thrown);
    logs ??= (x as Thrown).context?.logs ?? undefined;
  }
  for (const { context } of chain) {
    if (context?.index !== undefined && typeof context.code === 'number') {
      return custom(context.code, logs);
    }
  }
  const text = chain.map((x) => `${x.name ?? ''} ${x.message ?? ''}`).join(' ');
  if (chain.some((x) => x.code === 4001) || /reject|declin|denied|cancell?ed/i.test(text)) {
    return {
      kind: 'rejected',
      title: 'You declined the signature',
      words: 'Nothing was sent, and nothing has changed.',
    };
  }
  if (/blockhash not found|block height exceeded/i.test(text)) return EXPIRED;
  if (/debit an account but found no record/i.test(text)) {
    return fromTransactionError('AccountNotFound', logs);
  }
  if (/fetch|network|timeout|timed out|aborted|HTTP error|websocket/i.test(text)) {
    return {
      kind: 'network',
      title: 'The node does not answer',
      words: 'It is not known whether the transaction arrived. Look at the balances before you try again.',
    };
  }
  const words = fromLogs(logs) ?? chain[0]?.message ?? String(thrown);
  return { kind: 'other', title: 'That did not work', words, logs };
}

function describe(err: unknown): string {
  return typeof err === 'string'
    ? err
    : JSON.stringify(err, (_, v: unknown) => (typeof v === 'bigint' ? Number(v) : v));
}
