import { describe, expect, it } from 'vitest';
import { fromThrown, fromTransactionError } from '../src/chain/errors';

const BELOW_INITIAL_MARGIN = 6019;

describe('what a refused transaction says', () => {
  it('is the program’s own sentence, from a simulation', () => {
    const problem = fromTransactionError({ InstructionError: [2, { Custom: BigInt(BELOW_INITIAL_MARGIN) }] });
    expect(problem.name).toBe('BelowInitialMargin');
    expect(problem.words).toBe('The account would end below its initial margin.');
    expect(problem.kind).toBe('program');
  });

  it('is the same sentence, from an error whose cause holds the code', () => {
    const cause = Object.assign(new Error('Custom program error: #6019'), {
      context: { code: BELOW_INITIAL_MARGIN, index: 2 },
    });
    const thrown = Object.assign(new Error('preflight failed', { cause }), {
      context: { logs: ['Program log: x'] },
    });
    const problem = fromThrown(thrown);
    expect(problem.name).toBe('BelowInitialMargin');
    expect(problem.logs).toEqual(['Program log: x']);
  });

  it('takes the words of another program from the log', () => {
    const logs = ['Program log: AnchorError occurred. Error Number: 3012. Error Message: The account is not set.'];
    expect(fromTransactionError({ InstructionError: [0, { Custom: 3012 }] }, logs).words).toBe(
      'The account is not set.',
    );
  });

  it('knows a wallet without tokens from one without SOL', () => {
    const tokens = fromTransactionError({ InstructionError: [0, { Custom: 1 }] }, [
      'Program log: Error: insufficient funds',
    ]);
    expect(tokens.kind).toBe('funds');
    expect(tokens.words).toContain('token');
    expect(fromTransactionError('AccountNotFound').words).toContain('SOL');
  });
});

describe('what goes wrong before the chain', () => {
  it.each([
    Object.assign(new Error('User rejected the request.'), { code: 4001 }),
    new Error('Transaction was declined'),
  ])('is told as a declined signature: %s', (thrown) => {
    expect(fromThrown(thrown).kind).toBe('rejected');
  });

  it('does not promise that nothing happened where the node fell silent', () => {
    const problem = fromThrown(new TypeError('Failed to fetch'));
    expect(problem.kind).toBe('network');
    expect(problem.words).toContain('not known');
  });

  it('promises it where the blockhash is too old', () => {
    expect(fromThrown(new Error('Blockhash not found')).words).toContain('Nothing has happened');
  });

  it('shows the words of anything else', () => {
    expect(fromThrown(new Error('strange')).words).toBe('strange');
    expect(fromThrown('text').words).toBe('text');
  });
});
