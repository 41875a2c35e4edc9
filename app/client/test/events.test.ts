import { getBase64Decoder, type Address } from '@solana/kit';
import { describe, expect, test } from 'vitest';
import {
  BALLAST_PROGRAM_ADDRESS,
  EVENT_DECODERS,
  eventsFromLogs,
  logsAreCut,
  returnedBytes,
} from '../src';
import { Dice, borsh, idl, randomValue } from './idl';

const BALLAST = BALLAST_PROGRAM_ADDRESS;
const TOKEN = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
const OTHER = 'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr';

function event(name: string, seed = 1) {
  const { discriminator } = idl.events.find((each) => each.name === name)!;
  const data = randomValue({ defined: { name } }, new Dice(seed));
  const bytes = Uint8Array.from([...discriminator, ...borsh({ defined: { name } }, data)]);
  return { name, data, line: `Program data: ${getBase64Decoder().decode(bytes)}` };
}
const expected = ({ name, data }: { name: string; data: unknown }) => ({ name, data });

describe('events', () => {
  test.each(idl.events.map(({ name }) => name))('%s is found in a log and decoded', (name) => {
    for (let seed = 0; seed < 5; seed++) {
      const written = event(name, seed);
      const logs = [
        `Program ${BALLAST} invoke [1]`,
        'Program log: Instruction: Something',
        written.line,
        `Program ${BALLAST} consumed 1234 of 200000 compute units`,
        `Program ${BALLAST} success`,
      ];
      expect(eventsFromLogs(logs)).toEqual([expected(written)]);
    }
  });

  test('every event of the IDL has a decoder, and there is no other', () => {
    expect(Object.keys(EVENT_DECODERS)).toHaveLength(idl.events.length);
  });

  test('of several instructions come in order, also after an inner call', () => {
    const [first, second, third] = [event('Deposited'), event('Withdrawn'), event('Settled')];
    const logs = [
      `Program ${BALLAST} invoke [1]`,
      first.line,
      `Program ${TOKEN} invoke [2]`,
      `Program ${TOKEN} consumed 100 of 1000 compute units`,
      `Program ${TOKEN} success`,
      second.line,
      `Program ${BALLAST} success`,
      `Program ${OTHER} invoke [1]`,
      `Program ${BALLAST} invoke [2]`,
      third.line,
      `Program ${BALLAST} success`,
      `Program ${OTHER} success`,
    ];
    expect(eventsFromLogs(logs)).toEqual([first, second, third].map(expected));
  });

  test('forged by another program that calls, or is called, are not taken', () => {
    const forged = event('Liquidated');
    const logs = [
      `Program ${OTHER} invoke [1]`,
      forged.line,
      `Program ${BALLAST} invoke [2]`,
      `Program ${TOKEN} invoke [3]`,
      forged.line,
      `Program ${TOKEN} success`,
      `Program ${BALLAST} success`,
      forged.line,
      `Program ${OTHER} success`,
      forged.line,
    ];
    expect(eventsFromLogs(logs)).toEqual([]);
  });

  test('forged behind a message that imitates the runtime are not taken', () => {
    const forged = event('Liquidated');
    const logs = [
      `Program ${OTHER} invoke [1]`,
      `Program log: Program ${BALLAST} invoke [2]`,
      `Program log: \nProgram ${BALLAST} invoke [2]`,
      forged.line,
      `Program ${OTHER} success`,
    ];
    expect(eventsFromLogs(logs)).toEqual([]);
  });

  test('after an inner call that failed belong to the caller again', () => {
    const written = event('Deposited');
    const logs = [
      `Program ${BALLAST} invoke [1]`,
      `Program ${TOKEN} invoke [2]`,
      `Program ${TOKEN} failed: custom program error: 0x1`,
      written.line,
      `Program ${BALLAST} failed: custom program error: 0x1`,
    ];
    expect(eventsFromLogs(logs)).toEqual([expected(written)]);
  });

  test('are not made of bytes that are none, nor of text that is no base64', () => {
    const logs = [
      `Program ${BALLAST} invoke [1]`,
      'Program data: AAAAAAAAAAAAAAAA',
      'Program data: !!!!',
      'Program data: AAAA BBBB',
      'Program data: ',
      `Program ${BALLAST} success`,
    ];
    expect(eventsFromLogs(logs)).toEqual([]);
  });

  test('may be missing where the runtime cut the logs, and that is told', () => {
    expect(logsAreCut([`Program ${BALLAST} invoke [1]`, 'Log truncated'])).toBe(true);
    expect(logsAreCut([`Program ${BALLAST} invoke [1]`])).toBe(false);
  });
});

test('return data counts only from this program', () => {
  const data = ['AQID', 'base64'] as const;
  expect([...returnedBytes({ programId: BALLAST, data })!]).toEqual([1, 2, 3]);
  expect(returnedBytes({ programId: TOKEN as Address, data })).toBeUndefined();
  expect(returnedBytes(null)).toBeUndefined();
});
