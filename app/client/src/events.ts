/**
 * Events and return data from the logs of a transaction. An event is a `Program data:` line, and any program may write
 * one with any bytes: only those count that were written while this program was the one running, which is what the
 * `invoke`, `success` and `failed` lines of the runtime tell. A program cannot forge those: its own lines begin with
 * `Program log:` or `Program data:`.
 */
import { getBase64Encoder, type Address, type ReadonlyUint8Array } from '@solana/kit';
import { BALLAST_PROGRAM_ADDRESS } from './generated';
import { decodeBallastEvent, type BallastEvent, type BallastEventName } from './generated/events';

/** The event of this name. */
export type EventOf<Name extends BallastEventName> = Extract<BallastEvent, { name: Name }>['data'];

/** Events that the program wrote, in order. */
export function eventsFromLogs(
  logs: readonly string[],
  program: Address = BALLAST_PROGRAM_ADDRESS,
): BallastEvent[] {
  const events: BallastEvent[] = [];
  const running: string[] = [];
  for (const line of logs) {
    const step = /^Program (\w+) (invoke \[\d+\]|success$|failed: )/.exec(line);
    if (step?.[2]?.startsWith('invoke')) running.push(step[1]!);
    else if (step) running.pop();
    else if (running.at(-1) === program) {
      const bytes = base64After('Program data: ', line);
      const event = bytes && decodeBallastEvent(bytes);
      if (event) events.push(event);
    }
  }
  return events;
}

/** The runtime drops what exceeds 10,000 bytes of logs: then events may be missing. */
export function logsAreCut(logs: readonly string[]): boolean {
  return logs.includes('Log truncated');
}

/** What the program returned, from `returnData` of a simulation or a transaction; nothing if another program did. */
export function returnedBytes(
  returnData: { programId: string; data: readonly [string, string] } | null | undefined,
  program: Address = BALLAST_PROGRAM_ADDRESS,
): ReadonlyUint8Array | undefined {
  if (!returnData || returnData.programId !== program) return undefined;
  return getBase64Encoder().encode(returnData.data[0]);
}

function base64After(prefix: string, line: string): ReadonlyUint8Array | undefined {
  if (!line.startsWith(prefix)) return undefined;
  try {
    return getBase64Encoder().encode(line.slice(prefix.length));
  } catch {
    // Several fields in one line, or none: not how this program writes an event.
    return undefined;
  }
}
