import { BALLAST_PROGRAM_ADDRESS } from '@ballast/client';
import { describe, expect, it } from 'vitest';
import { problemOf, TransactionProblem } from '../src/chain/errors';

const BELOW_INITIAL_MARGIN = 6019;
const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';

describe('what a refused transaction says', () => {
  it('is the program’s own sentence, with what to do about it', () => {
    const problem = problemOf({ InstructionError: [2, { Custom: BigInt(BELOW_INITIAL_MARGIN) }] }, ['Program log: x']);
    expect(problem).toMatchObject({
      kind: 'program',
      name: 'BelowInitialMargin',
      words: 'The account would end below its initial margin.',
      logs: ['Program log: x'],
    });
    expect(problem.advice).toContain('deposit first');
  });

  it('takes what the framework refused from the log', () => {
    const logs = [
      `Program ${BALLAST_PROGRAM_ADDRESS} invoke [1]`,
      'Program log: AnchorError occurred. Error Code: AccountNotInitialized. Error Number: 3012. Error Message: The account is not set.',
      `Program ${BALLAST_PROGRAM_ADDRESS} failed: custom program error: 0xbc4`,
    ];
    expect(problemOf({ InstructionError: [0, { Custom: 3012 }] }, logs).words).toBe('The account is not set.');
  });

  it('knows a wallet without tokens from one without SOL', () => {
    const tokens = problemOf({ InstructionError: [0, { Custom: 1 }] }, [
      `Program ${TOKEN} invoke [2]`,
      `Program ${TOKEN} failed: custom program error: 0x1`,
    ]);
    expect(tokens).toMatchObject({ kind: 'funds', title: 'Not enough tokens' });
    expect(problemOf('AccountNotFound')).toMatchObject({ kind: 'funds', title: 'No SOL for the fee' });
  });
});

describe('what goes wrong before the chain', () => {
  it.each([
    Object.assign(new Error('User rejected the request.'), { code: 4001 }),
    new Error('Transaction was declined'),
  ])('is told as a declined signature: %s', (thrown) => {
    const problem = problemOf(thrown);
    expect(problem.kind).toBe('rejected');
    expect(problem.words).toContain('Nothing was sent');
  });

  it('tells a silent node from one that is too late', () => {
    expect(problemOf(new TypeError('Failed to fetch')).kind).toBe('network');
    expect(problemOf(new Error('Blockhash not found')).kind).toBe('expired');
  });

  it('shows the words of anything else, and of what is explained already', () => {
    expect(problemOf(new Error('strange')).words).toBe('strange.');
    const known = { kind: 'other', title: 'a', words: 'b' } as const;
    expect(problemOf(new TransactionProblem(known))).toBe(known);
    expect(problemOf(null).words).toMatch(/not said/);
  });
});
