/**
 * A `solana-test-validator` for the time of a test, where there is one: on ports that are free, with its ledger in a
 * folder of its own.
 */
import { accessSync, chmodSync, constants, createReadStream, createWriteStream, existsSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { hasEnded, start, type Child } from './child';
import { repository } from './repository';
import { until } from './wait';

const NAME = 'solana-test-validator';
const START_MS = 90_000;
/** RPC, WebSocket, faucet and gossip, and behind them as many as the validator wants for its own. */
const PORTS = 4 + 32;
/** Below the ports that the system gives to whoever asks for any. */
const LOWEST = 10_000;
const HIGHEST = 30_000;

export const NO_VALIDATOR = `no ${NAME} in BALLAST_VALIDATOR, in PATH or in ../shared/bin`;

/** Where its binary is, plain or compressed. */
export function findValidator(): string | undefined {
  const given = process.env['BALLAST_VALIDATOR'];
  if (given) return given;
  const inPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, NAME));
  return inPath.find(isExecutable) ?? [join(repository(), '../shared/bin', `${NAME}.gz`)].find(existsSync);
}

/**
 * Starts a validator by the command that somebody printed for its address, and waits until it is healthy. Its files go
 * into the folder.
 */
export async function startValidator(
  binary: string,
  folder: string,
  commandFor: (rpcUrl: string) => Promise<string>,
): Promise<{ rpcUrl: string; child: Child }> {
  mkdirSync(folder, { recursive: true });
  const file = binary.endsWith('.gz') ? await unpacked(binary, join(folder, NAME)) : binary;
  const port = await freePorts(PORTS);
  const rpcUrl = `http://127.0.0.1:${port}`;
  const [, ...asked] = (await commandFor(rpcUrl)).trim().split(/\s+/);
  const child = start(
    file,
    [
      ...asked,
      ...['--quiet', '--ledger', join(folder, 'ledger'), '--limit-ledger-size', '10000'],
      ...['--bind-address', '127.0.0.1', '--rpc-port', `${port}`, '--faucet-port', `${port + 2}`],
      ...['--gossip-port', `${port + 3}`, '--dynamic-port-range', `${port + 4}-${port + PORTS}`],
    ],
    folder,
  );
  try {
    await until('the validator to be healthy', () => hasEnded(child) || isHealthy(rpcUrl), { within: START_MS });
    if (hasEnded(child)) throw new Error(`it ended with ${child.process.exitCode ?? child.process.signalCode}`);
  } catch (error) {
    await child.end();
    throw new Error(`${binary} did not start; it said:\n${child.said()}`, { cause: error });
  }
  return { rpcUrl, child };
}

async function isHealthy(rpcUrl: string): Promise<boolean> {
  const response = await fetch(rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'getHealth' }),
  });
  return ((await response.json()) as { result?: string }).result === 'ok';
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function unpacked(from: string, to: string): Promise<string> {
  await pipeline(createReadStream(from), createGunzip(), createWriteStream(to));
  chmodSync(to, 0o755);
  return to;
}

/** The first of so many ports in a row that nobody listens on now. */
async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const first = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - count));
    const row = Array.from({ length: count }, (_, at) => first + at);
    if ((await Promise.all(row.map(isFree))).every(Boolean)) return first;
  }
  throw new Error(`there are no ${count} free ports in a row between ${LOWEST} and ${HIGHEST}`);
}

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
