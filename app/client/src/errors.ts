/**
 * What went wrong, in words. A failure arrives in many shapes: the `err` of a simulation, the error that kit throws when
 * the preflight refuses or when a sent transaction fails, an exception of a wallet or of `fetch`. `failureOf` makes one
 * shape of them, with a sentence for people; of this program's errors it is the program's own.
 *
 * A custom code alone does not say whose it is: 1 is "insufficient funds" of the token program and "constraint" of
 * nobody. The logs say which program failed first, and so whose table explains it.
 */
import {
  SOLANA_ERROR__BLOCK_HEIGHT_EXCEEDED,
  SOLANA_ERROR__INSTRUCTION_ERROR__COMPUTATIONAL_BUDGET_EXCEEDED,
  SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM,
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_NODE_UNHEALTHY,
  SOLANA_ERROR__RPC__TRANSPORT_HTTP_ERROR,
  SOLANA_ERROR__RPC_SUBSCRIPTIONS__CHANNEL_CONNECTION_CLOSED,
  SOLANA_ERROR__RPC_SUBSCRIPTIONS__CHANNEL_FAILED_TO_CONNECT,
  SOLANA_ERROR__TRANSACTION_ERROR__ACCOUNT_NOT_FOUND,
  SOLANA_ERROR__TRANSACTION_ERROR__ALREADY_PROCESSED,
  SOLANA_ERROR__TRANSACTION_ERROR__BLOCKHASH_NOT_FOUND,
  SOLANA_ERROR__TRANSACTION_ERROR__INSUFFICIENT_FUNDS_FOR_FEE,
  SOLANA_ERROR__TRANSACTION_ERROR__INSUFFICIENT_FUNDS_FOR_RENT,
  SOLANA_ERROR__TRANSACTION_ERROR__PROGRAM_ACCOUNT_NOT_FOUND,
  getSolanaErrorFromTransactionError,
  isSolanaError,
  type SolanaError,
} from '@solana/kit';
import { BALLAST_PROGRAM_ADDRESS } from './generated';
import { BALLAST_ERRORS } from './generated/messages';

/** Who refused. */
export type Refusal = 'ballast' | 'program' | 'runtime' | 'wallet' | 'network' | 'unknown';

/** Reasons that a user can do something about, whoever refused. */
export type Reason = 'declined' | 'expired' | 'no fee' | 'no rent' | 'no tokens' | 'unreachable';

/** A failure, explained. */
export type Failure = {
  by: Refusal;
  /** Where it is one of those. */
  reason?: Reason;
  /** What to tell the user. */
  sentence: string;
  /** Of a program: its error's code, and name where it is known. */
  code?: number;
  name?: string;
  /** The program that failed, where the logs tell. */
  program?: string;
  /** Which instruction of the transaction, from zero. */
  instruction?: number;
  logs?: readonly string[];
};

/** The name and message of one of this program's errors. */
export function ballastError(code: number): { name: string; message: string } | undefined {
  return BALLAST_ERRORS[code];
}

/** Whether it is this program's error of that name. */
export function isFailure(failure: Failure | undefined, name: string): boolean {
  return failure?.by === 'ballast' && failure.name === name;
}

/**
 * Explains an exception, or the `err` of a simulation or a signature's status; `logs` where they are known and not in
 * the error itself. Nothing where there is no error.
 */
export function failureOf(error: unknown, logs?: readonly string[] | null): Failure | undefined {
  if (error === null || error === undefined) return undefined;
  const reported = isReported(error) ? error : undefined;
  const chain = causes(reported ? getSolanaErrorFromTransactionError(reported) : error);
  const known = logs ?? chain.map(logsOf).find((lines) => lines !== undefined);
  const failure =
    firstOf(chain, (e) => fromProgram(e, known)) ??
    firstOf(chain, (e) => fromRuntime(e, reported)) ??
    firstOf(chain, fromText) ??
    firstOf(chain, fromWallet) ??
    firstOf(chain, fromNetwork) ??
    other(chain);
  return known ? { ...failure, logs: known } : failure;
}

/** Code, name and message that the framework wrote into the logs of an error that is not in the IDL. */
const ANCHOR_LOG = /Error Code: (\w+)\. Error Number: (\d+)\. Error Message: (.*?)\.?$/;
const ANCHOR_ACCOUNT = /caused by account: (\w+)/;

function fromProgram(error: unknown, logs: readonly string[] | undefined): Failure | undefined {
  if (!isSolanaError(error, SOLANA_ERROR__INSTRUCTION_ERROR__CUSTOM)) return undefined;
  const { code, index: instruction } = error.context;
  const program = logs && firstFailed(logs);
  const ours = program === undefined || program === BALLAST_PROGRAM_ADDRESS;
  const row = ours ? ballastError(code) : undefined;
  const at = { code, instruction, ...(program && { program }) };
  if (row) return { by: 'ballast', ...at, name: row.name, sentence: finished(row.message) };

  const line = ours ? logs?.find((l) => ANCHOR_LOG.exec(l)?.[2] === String(code)) : undefined;
  const [, name, , message] = (line && ANCHOR_LOG.exec(line)) || [];
  if (line && name && message) {
    const account = ANCHOR_ACCOUNT.exec(line)?.[1];
    const subject = account ? `The account ${account} was refused: ` : '';
    return { by: 'ballast', ...at, name, sentence: finished(subject + message) };
  }
  const told = (program && FOREIGN[program]?.[code]) || {
    sentence: `${program ? `The program ${program}` : 'A program'} refused the transaction with its error ${code}.`,
  };
  return { by: ours && program ? 'ballast' : 'program', ...at, ...told };
}

type Told = Pick<Failure, 'sentence' | 'reason'>;

const NO_RENT: Told = {
  reason: 'no rent',
  sentence: 'There is not enough SOL in the wallet for the rent of a new account.',
};

/** Errors of the programs that this one calls, of those that users meet. */
const TOKEN: Readonly<Record<number, Told>> = {
  1: { reason: 'no tokens', sentence: 'The token account holds less than that.' },
  4: { sentence: 'The token account belongs to somebody else.' },
  17: { sentence: 'The token account is frozen.' },
};
const FOREIGN: Readonly<Record<string, Readonly<Record<number, Told>>>> = {
  TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA: TOKEN,
  TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb: TOKEN,
  '11111111111111111111111111111111': { 0: { sentence: 'That account exists already.' }, 1: NO_RENT },
};

/** The innermost program that failed: the first that the runtime reports. */
function firstFailed(logs: readonly string[]): string | undefined {
  for (const line of logs) {
    const failed = /^Program (\w+) failed: /.exec(line);
    if (failed) return failed[1];
  }
  return undefined;
}

const EXPIRED: Told = {
  reason: 'expired',
  sentence: 'The transaction expired before it was confirmed. Nothing was changed: send it again.',
};
const UNKNOWN_BLOCKHASH: Told = {
  reason: 'expired',
  sentence: 'The transaction expired before it was sent, or this node is on another cluster. Send it again.',
};
const NO_SOL: Told = { reason: 'no fee', sentence: 'The wallet that pays the fee has no SOL on this cluster.' };

const RUNTIME: Readonly<Record<number, Told>> = {
  [SOLANA_ERROR__BLOCK_HEIGHT_EXCEEDED]: EXPIRED,
  [SOLANA_ERROR__TRANSACTION_ERROR__BLOCKHASH_NOT_FOUND]: UNKNOWN_BLOCKHASH,
  [SOLANA_ERROR__TRANSACTION_ERROR__ALREADY_PROCESSED]: { sentence: 'This transaction was processed already.' },
  [SOLANA_ERROR__TRANSACTION_ERROR__INSUFFICIENT_FUNDS_FOR_FEE]: {
    reason: 'no fee',
    sentence: 'There is not enough SOL in the wallet for the fee.',
  },
  [SOLANA_ERROR__TRANSACTION_ERROR__ACCOUNT_NOT_FOUND]: NO_SOL,
  [SOLANA_ERROR__TRANSACTION_ERROR__INSUFFICIENT_FUNDS_FOR_RENT]: NO_RENT,
  [SOLANA_ERROR__TRANSACTION_ERROR__PROGRAM_ACCOUNT_NOT_FOUND]: {
    sentence: 'The program is not on this cluster: the wallet or the RPC address is set to another one.',
  },
  [SOLANA_ERROR__INSTRUCTION_ERROR__COMPUTATIONAL_BUDGET_EXCEEDED]: {
    sentence: 'The transaction needed more compute than it asked for.',
  },
};

/** Codes of kit for what the runtime itself refuses lie in these two ranges. */
const INSTRUCTION_ERRORS = 4_615;
const TRANSACTION_ERRORS = 7_050;

function fromRuntime(error: unknown, reported: Reported | undefined): Failure | undefined {
  if (!isSolanaError(error)) return undefined;
  const code: number = error.context.__code;
  const told = RUNTIME[code];
  const range = Math.floor(code / 1_000);
  if (!told && range !== INSTRUCTION_ERRORS && range !== TRANSACTION_ERRORS) return undefined;
  const { index } = error.context as { index?: number };
  // In production builds kit's own messages are numbers: what the node called it says more.
  const sentence = reported ? `The node refuses the transaction: ${nameOf(reported)}.` : finished(error.message);
  return { by: 'runtime', ...(told ?? { sentence }), ...(index !== undefined && { instruction: index }) };
}

/** What nodes say in words; wallets that send by a node of their own pass on nothing else. */
const WORDS: readonly (readonly [RegExp, Told])[] = [
  [/blockhash not found/i, UNKNOWN_BLOCKHASH],
  [/block height exceeded/i, EXPIRED],
  [/debit an account but found no record/i, NO_SOL],
];

function fromText(error: unknown): Failure | undefined {
  const text = error instanceof Error ? error.message : typeof error === 'string' ? error : '';
  const found = WORDS.find(([words]) => words.test(text));
  return found && { by: 'runtime', ...found[1] };
}

/** How wallets put it that their user does not want to. */
const DECLINED =
  /\b(user|transaction|request|signature|signing|approval|connection)\b.{0,24}\b(rejected|declined|denied|cancell?ed)|\brejected (by|the request)/i;

function fromWallet(error: unknown): Failure | undefined {
  const { name = '', message = '', code } = error as { name?: string; message?: string; code?: unknown };
  const declined = code === 4001 || DECLINED.test(message);
  if (declined) return { by: 'wallet', reason: 'declined', sentence: 'The wallet did not sign. Nothing was sent.' };
  return /^Wallet/.test(name) ? { by: 'wallet', sentence: finished(message) } : undefined;
}

function fromNetwork(error: unknown): Failure | undefined {
  const away = (sentence: string): Failure => ({ by: 'network', reason: 'unreachable', sentence });
  const { name } = error as { name?: unknown };
  const silent =
    isSolanaError(error, SOLANA_ERROR__RPC_SUBSCRIPTIONS__CHANNEL_FAILED_TO_CONNECT) ||
    isSolanaError(error, SOLANA_ERROR__RPC_SUBSCRIPTIONS__CHANNEL_CONNECTION_CLOSED) ||
    name === 'TimeoutError' ||
    name === 'AbortError' ||
    (error instanceof TypeError && /fetch|network|load failed/i.test(error.message));
  if (silent) return away('The node does not answer. Check the connection and the RPC address.');
  if (isSolanaError(error, SOLANA_ERROR__JSON_RPC__SERVER_ERROR_NODE_UNHEALTHY))
    return away('The node is behind the cluster. Try again, or use another one.');
  if (isSolanaError(error, SOLANA_ERROR__RPC__TRANSPORT_HTTP_ERROR))
    return away(`The node answered with HTTP status ${error.context.statusCode}.`);
  return undefined;
}

function other(chain: readonly unknown[]): Failure {
  const last = chain.at(-1);
  const message = last instanceof Error ? last.message : String(last);
  return { by: 'unknown', sentence: finished(message || 'Something failed without saying what') };
}

/** What RPC reports of a transaction that failed. */
type Reported = string | Record<string, unknown>;

function isReported(error: unknown): error is Reported {
  if (error instanceof Error) return false;
  if (typeof error === 'string') return /^\w+$/.test(error);
  if (typeof error !== 'object' || error === null || 'message' in error) return false;
  return Object.keys(error).length === 1;
}

/** What it is called there: `AccountInUse`, or of an instruction `InvalidAccountData`. */
function nameOf(reported: Reported): string {
  if (typeof reported === 'string') return reported;
  const [name = '', inside] = Object.entries(reported)[0] ?? [];
  const within: unknown = Array.isArray(inside) ? inside[1] : undefined;
  return typeof within === 'string' ? within : name;
}

/** An error and what caused it, outermost first. */
function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let e: unknown = error; e !== undefined && e !== null && chain.length < 8; ) {
    chain.push(e);
    e = (e as { cause?: unknown }).cause;
  }
  return chain;
}

function logsOf(error: unknown): readonly string[] | undefined {
  const logs = (error as Partial<SolanaError>).context as { logs?: unknown } | undefined;
  return Array.isArray(logs?.logs) ? (logs.logs as string[]) : undefined;
}

function firstOf(chain: readonly unknown[], read: (error: unknown) => Failure | undefined): Failure | undefined {
  for (const error of chain) {
    const failure = read(error);
    if (failure) return failure;
  }
  return undefined;
}

/** With a full stop. */
const finished = (sentence: string): string => (/[.!?]$/.test(sentence) ? sentence : `${sentence}.`);
