/** Processes that tests start, and that end with them. */
import { spawn, type ChildProcess } from 'node:child_process';

export type Child = {
  process: ChildProcess;
  /** The last of what it said, for the message where it fails. */
  said: () => string;
  /** Asks it to end, and makes it where it does not listen. */
  end: () => Promise<void>;
};

const STOP_MS = 20_000;
const KEPT = 8_000;

/**
 * Starts a process that the kernel ends with this one, however this one ends. In a group of its own: Ctrl-C is for whoever
 * started it, who then ends it.
 */
export function start(binary: string, args: readonly string[], cwd: string, env = process.env): Child {
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', binary, ...args], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const add = (chunk: Buffer) => (text = (text + chunk.toString()).slice(-KEPT));
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  child.on('error', (error) => (text += error.message));
  return { process: child, said: () => text, end: () => end(child) };
}

export const hasEnded = ({ process: { exitCode, signalCode, pid } }: Child): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null;

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(late);
}
