/**
 * A local cluster for the time of a test: `ballast localnet` in a folder and on a port of its own, waited for until it
 * serves, and stopped whatever happens. `BALLAST_GATEWAY` names one that runs already and is left running; its folder is
 * target/localnet unless `BALLAST_FOLDER` says otherwise.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Address } from '@solana/kit';

/** What `/config.json` says, as far as the tests ask. */
export type Config = {
  cluster: string;
  rpcUrl: string;
  wsUrl: string;
  clearinghouse: Address;
  quoteMint: Address;
  board: Address;
  assets: { index: number; symbol: string; mint: Address | null; decimals: number }[];
  markets: { index: number; symbol: string; asset: number; kind: string; backstop: Address | null }[];
};

export type Cluster = {
  /** The gateway's address, without a slash at the end. */
  url: string;
  config: Config;
  /** A keypair of the cluster's folder (governance, keeper …), the 64 bytes of its file. */
  keypair: (name: string) => Uint8Array;
  stop: () => Promise<void>;
};

const START_MS = 180_000;
const STOP_MS = 20_000;

export async function startCluster(): Promise<Cluster> {
  const root = repository();
  const running = process.env['BALLAST_GATEWAY'];
  if (running) {
    const url = running.replace(/\/$/, '');
    const keypair = keypairsOf(process.env['BALLAST_FOLDER'] ?? join(root, 'target/localnet'));
    return { url, config: await configOf(url), keypair, stop: () => Promise.resolve() };
  }
  const folder = mkdtempSync(join(tmpdir(), 'ballast-e2e-'));
  const binary = process.env['BALLAST_BIN'] ?? join(root, 'target/debug/ballast');
  if (!existsSync(binary)) throw new Error(`${binary} is not there: run \`cargo build --workspace\``);
  const child = spawn(binary, ['localnet', '--json', '--folder', folder, '--port', '0'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = listen(child);
  const stop = () => end(child, folder);
  // A test that is cut off must not leave a node behind.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop().then(() => process.exit(1)));
  process.once('exit', () => child.kill('SIGKILL'));
  try {
    const url = await gatewayOf(child, folder, said);
    return { url, config: await configOf(url), keypair: keypairsOf(folder), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits until something is so; says what was awaited where it never is. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { within = 30_000, every = 250 }: { within?: number; every?: number } = {},
): Promise<T> {
  const end = Date.now() + within;
  let last: unknown;
  while (Date.now() < end) {
    try {
      const found = await look();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await pause(every);
  }
  throw new Error(`waited ${within / 1000} s in vain for ${what}`, last ? { cause: last } : undefined);
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Waits for the gateway, and for the history behind it. */
async function gatewayOf(child: ChildProcess, folder: string, said: () => string): Promise<string> {
  const file = join(folder, 'deployment.json');
  const serving = async () => {
    if (child.exitCode !== null) return 'ended' as const;
    if (!existsSync(file)) return undefined;
    const { gatewayUrl } = JSON.parse(readFileSync(file, 'utf8')) as { gatewayUrl?: string };
    const asked = ['config.json', 'api/health'].map((path) => fetch(`${gatewayUrl}/${path}`));
    const answers = await Promise.all(asked);
    return answers.every((answer) => answer.ok) ? gatewayUrl : undefined;
  };
  const url = await until('the local cluster to serve', serving, { within: START_MS }).catch((error: Error) => {
    throw new Error(`${error.message}; it said:\n${said()}`, { cause: error });
  });
  if (url === 'ended') throw new Error(`ballast localnet ended with ${child.exitCode}:\n${said()}`);
  return url;
}

/** Keeps the last of what a process says, for the message where it fails. */
function listen(child: ChildProcess): () => string {
  let text = '';
  const add = (chunk: Buffer) => (text = (text + chunk.toString()).slice(-8_000));
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  return () => text;
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGINT');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(late);
  }
  rmSync(folder, { recursive: true, force: true });
}

function keypairsOf(folder: string): Cluster['keypair'] {
  return (name) => {
    const deployment = JSON.parse(readFileSync(join(folder, 'deployment.json'), 'utf8')) as {
      keypairs: Record<string, string>;
    };
    const file = deployment.keypairs[name];
    if (!file) throw new Error(`the local cluster in ${folder} has no keypair ${name}`);
    return Uint8Array.from(JSON.parse(readFileSync(file, 'utf8')) as number[]);
  };
}

async function configOf(url: string): Promise<Config> {
  const response = await fetch(`${url}/config.json`);
  if (!response.ok) throw new Error(`${url} has no config.json: HTTP ${response.status}`);
  return (await response.json()) as Config;
}

/** The repository that these tests lie in, whether or not they were bundled. */
export function repository(): string {
  let folder = dirname(new URL(import.meta.url).pathname);
  while (!existsSync(join(folder, 'idl/ballast.json'))) {
    const above = dirname(folder);
    if (above === folder) throw new Error('the browser tests are run from inside of the repository');
    folder = above;
  }
  return folder;
}
