import {
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE,
  SOLANA_ERROR__RPC__TRANSPORT_HTTP_ERROR,
  SolanaError,
  getSolanaErrorFromJsonRpcError,
  getSolanaErrorFromTransactionError,
} from '@solana/kit';
import { describe, expect, test } from 'vitest';
import { BALLAST_ERRORS, BALLAST_PROGRAM_ADDRESS, failureOf, isFailure } from '../src';
import { idl } from './idl';

const BALLAST = BALLAST_PROGRAM_ADDRESS;
const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
const below = idl.errors.find(({ name }) => name === 'BelowInitialMargin')!;

const failing = (code: number, program: string = BALLAST) => [
  `Program ${BALLAST} invoke [1]`,
  ...(program === BALLAST ? [] : [`Program ${program} invoke [2]`]),
  `Program ${program} failed: custom program error: 0x${code.toString(16)}`,
  ...(program === BALLAST ? [] : [`Program ${BALLAST} failed: custom program error: 0x${code.toString(16)}`]),
];
const err = (code: number, index = 2) => ({ InstructionError: [index, { Custom: code }] });

test('the table has every error of the IDL, in its words', () => {
  expect(Object.keys(BALLAST_ERRORS)).toHaveLength(idl.errors.length);
  for (const { code, name, msg } of idl.errors) expect(BALLAST_ERRORS[code]).toEqual({ name, message: msg });
});

describe("an error of the program is told in the program's own words", () => {
  const told = { by: 'ballast', code: below.code, name: below.name, sentence: `${below.msg}.`, instruction: 2 };

  test('from a simulation', () => {
    expect(failureOf(err(below.code), failing(below.code))).toMatchObject(told);
  });
  test('from a simulation whose numbers are bigints', () => {
    expect(failureOf({ InstructionError: [2n, { Custom: BigInt(below.code) }] })).toMatchObject(told);
  });
  test('from a preflight that refused', () => {
    const logs = failing(below.code);
    const thrown = getSolanaErrorFromJsonRpcError({
      code: SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE,
      message: 'Transaction simulation failed',
      data: { err: err(below.code), logs, unitsConsumed: 1n },
    });
    expect(failureOf(thrown)).toMatchObject({ ...told, program: BALLAST, logs });
  });
  test('from a transaction that was sent and failed', () => {
    expect(failureOf(getSolanaErrorFromTransactionError(err(below.code)))).toMatchObject(told);
  });
  test('from an error that another one wraps', () => {
    const cause = getSolanaErrorFromTransactionError(err(below.code));
    expect(failureOf(new Error('sending failed', { cause }))).toMatchObject(told);
  });
  test('and recognised by name', () => {
    expect(isFailure(failureOf(err(below.code)), 'BelowInitialMargin')).toBe(true);
    expect(isFailure(failureOf(err(below.code, 0), failing(below.code, TOKEN)), 'BelowInitialMargin')).toBe(false);
  });
});

describe('errors of others', () => {
  test('of the token program are not taken for this program’s', () => {
    expect(failureOf(err(1, 0), failing(1, TOKEN))).toMatchObject({
      by: 'program',
      program: TOKEN,
      code: 1,
      reason: 'no tokens',
      sentence: 'The token account holds less than that.',
    });
  });
  test('of an unknown program keep its address and code', () => {
    const { sentence, by } = failureOf(err(6_001), failing(6_001, 'Unknown111111'))!;
    expect(by).toBe('program');
    expect(sentence).toContain('Unknown111111');
    expect(sentence).toContain('6001');
  });
  test('of the framework name the account that was refused', () => {
    const logs = [
      `Program ${BALLAST} invoke [1]`,
      'Program log: AnchorError caused by account: margin_account. Error Code: ConstraintSeeds. Error Number: 2006. Error Message: A seeds constraint was violated.',
      `Program ${BALLAST} failed: custom program error: 0x7d6`,
    ];
    expect(failureOf(err(2006), logs)).toMatchObject({
      by: 'ballast',
      name: 'ConstraintSeeds',
      sentence: 'The account margin_account was refused: A seeds constraint was violated.',
    });
  });
  test.each([
    ['BlockhashNotFound', 'Send it again.', 'expired'],
    [{ InsufficientFundsForRent: { account_index: 0 } }, 'rent', 'no rent'],
    ['AccountNotFound', 'no SOL', 'no fee'],
    ['InsufficientFundsForFee', 'fee', 'no fee'],
    [{ InstructionError: [1, 'ComputationalBudgetExceeded'] }, 'compute'],
    [{ InstructionError: [0, 'InvalidAccountData'] }, 'InvalidAccountData.'],
    ['AccountInUse', 'AccountInUse.'],
    [new Error('Transaction simulation failed: Blockhash not found'), 'Send it again.', 'expired'],
    [new Error('Attempt to debit an account but found no record of a prior credit.'), 'no SOL', 'no fee'],
  ])('of the runtime: %s', (error, words, reason?: string) => {
    const failure = failureOf(error)!;
    expect(failure.by).toBe('runtime');
    expect(failure.sentence).toContain(words);
    expect(failure.reason).toBe(reason);
  });
  test.each([
    [new Error('User rejected the request.'), 'wallet', 'declined'],
    [new Error('Transaction was declined'), 'wallet', 'declined'],
    [new Error('Approval Denied'), 'wallet', 'declined'],
    [Object.assign(new Error('no'), { code: 4001 }), 'wallet', 'declined'],
    [new Error('Access denied'), 'unknown'],
    [new TypeError('Failed to fetch'), 'network', 'unreachable'],
    [new DOMException('signal timed out', 'TimeoutError'), 'network', 'unreachable'],
    [new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') }), 'network', 'unreachable'],
    [
      new SolanaError(SOLANA_ERROR__RPC__TRANSPORT_HTTP_ERROR, { headers: new Headers(), message: 'x', statusCode: 503 }),
      'network',
      'unreachable',
    ],
    [new TypeError('undefined is not a function'), 'unknown'],
    ['something odd', 'unknown'],
    [{}, 'unknown'],
  ])('outside the chain: %s', (error, by, reason?: string) => {
    const failure = failureOf(error)!;
    expect(failure.by).toBe(by);
    expect(failure.reason).toBe(reason);
    expect(failure.sentence).toMatch(/\.$/);
  });
  test('no error is no failure', () => {
    expect(failureOf(null)).toBeUndefined();
    expect(failureOf(undefined)).toBeUndefined();
  });
});
