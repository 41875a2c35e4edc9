import { failureOf, type Failure, type Reason } from '@ballast/client';

/** Why a transaction was not made, in words that a trader can act on: the client's, with a title and what to do. */
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

type Head = Pick<TxProblem, 'kind' | 'title'>;

const BY_REASON: Record<Reason, Head> = {
  declined: { kind: 'rejected', title: 'You declined the signature' },
  expired: { kind: 'expired', title: 'It came too late' },
  'no fee': { kind: 'funds', title: 'No SOL for the fee' },
  'no rent': { kind: 'funds', title: 'Not enough SOL' },
  'no tokens': { kind: 'funds', title: 'Not enough tokens' },
  unreachable: { kind: 'network', title: 'The node does not answer' },
};

const BY: Record<Failure['by'], Head> = {
  ballast: { kind: 'program', title: 'The program refuses this' },
  program: { kind: 'program', title: 'The transaction would fail' },
  runtime: { kind: 'program', title: 'The transaction would fail' },
  wallet: { kind: 'wallet', title: 'The wallet did not do it' },
  network: { kind: 'network', title: 'The node does not answer' },
  unknown: { kind: 'other', title: 'That did not work' },
};

/** Of whatever was thrown on the way from the form to the chain, or of the `err` of a simulation or a status. */
export function problemOf(error: unknown, logs?: readonly string[] | null): TxProblem {
  if (error instanceof TransactionProblem) return error.problem;
  const failure = failureOf(error, logs) ?? { by: 'unknown', sentence: 'It was not said why.' };
  const { by, reason, sentence, name } = failure;
  return {
    ...(reason ? BY_REASON[reason] : BY[by]),
    words: sentence,
    advice: name && ADVICE[name],
    name,
    logs: failure.logs,
  };
}
