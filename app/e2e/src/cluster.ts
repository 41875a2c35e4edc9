/**
 * A local cluster for the time of a test: `ballast localnet` in a folder and on a port of its own, on the node that it
 * starts itself or on a validator, waited for until it serves, and stopped whatever happens. `BALLAST_GATEWAY` names one
 * that runs already and is left running; its folder is target/localnet unless `BALLAST_FOLDER` says otherwise.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSolanaRpc, type Address } from '@solana/kit';
import { hasEnded, start, type Child } from './child';
import { repository } from './repository';
import { startValidator } from './validator';
import { until } from './wait';

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
  /** Whether the chain's clock can be moved. */
  travels: boolean;
  /** A keypair of the cluster's folder (governance, keeper …), the 64 bytes of its file. */
  keypair: (name: string) => Uint8Array;
  /** The last that its keeper said. */
  keeperSaid: () => string;
  stop: () => Promise<void>;
};

const START_MS = 180_000;
const KEEPER_LINES = 40;

/** The cluster; on a validator where its binary is named. */
export async function startCluster(validator?: string): Promise<Cluster> {
  const root = repository();
  const running = process.env['BALLAST_GATEWAY'];
  if (running && !validator) {
    const url = running.replace(/\/$/, '');
    return described(url, process.env['BALLAST_FOLDER'] ?? join(root, 'target/localnet'), () => Promise.resolve());
  }
  const binary = process.env['BALLAST_BIN'] ?? join(root, 'target/debug/ballast');
  if (!existsSync(binary)) throw new Error(`${binary} is not there: run \`cargo build --workspace\``);
  const folder = mkdtempSync(join(tmpdir(), 'ballast-e2e-'));
  const children: Child[] = [];
  const stop = async () => {
    for (const child of children.reverse()) await child.end();
    rmSync(folder, { recursive: true, force: true });
  };
  // A test that is cut off leaves no files behind either.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop().then(() => process.exit(1)));
  const localnet = (args: readonly string[] = []) => {
    const child = start(binary, ['localnet', '--json', '--folder', folder, '--port', '0', ...args], root);
    children.push(child);
    return child;
  };
  try {
    let node: string[] = [];
    if (validator) {
      const { rpcUrl, child } = await startValidator(validator, join(folder, 'validator'), async (url) => {
        const missing = localnet(['--rpc', url]);
        await until('ballast localnet to miss the node', () => hasEnded(missing));
        return commandIn(missing.said());
      });
      children.push(child);
      node = ['--rpc', rpcUrl];
    }
    return await described(await gatewayOf(localnet(node), folder), folder, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function described(url: string, folder: string, stop: Cluster['stop']): Promise<Cluster> {
  const config = await configOf(url);
  const version = await createSolanaRpc(config.rpcUrl).getVersion().send();
  const keeperSaid = () => tail(join(folder, 'logs/keeper.log'));
  return { url, config, travels: 'surfnet-version' in version, keypair: keypairsOf(folder), keeperSaid, stop };
}

/** The command that `ballast localnet` prints where the node is missing: whoever reads it has nothing else to go by. */
function commandIn(said: string): string {
  const command = said.split('\n').find((line) => line.trim().startsWith('solana-test-validator '));
  if (!command) throw new Error(`ballast localnet does not say how to start a validator:\n${said}`);
  return command;
}

/** Waits for the gateway, and for the history behind it. */
async function gatewayOf(child: Child, folder: string): Promise<string> {
  const file = join(folder, 'deployment.json');
  const serving = async () => {
    if (hasEnded(child)) return 'ended' as const;
    if (!existsSync(file)) return undefined;
    const { gatewayUrl } = JSON.parse(readFileSync(file, 'utf8')) as { gatewayUrl?: string };
    const asked = ['config.json', 'api/health'].map((path) => fetch(`${gatewayUrl}/${path}`));
    const answers = await Promise.all(asked);
    return answers.every((answer) => answer.ok) ? gatewayUrl : undefined;
  };
  const url = await until('the local cluster to serve', serving, { within: START_MS }).catch((error: Error) => {
    throw new Error(`${error.message}; it said:\n${child.said()}`, { cause: error });
  });
  if (url === 'ended') throw new Error(`ballast localnet ended:\n${child.said()}`);
  return url;
}

function tail(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-KEEPER_LINES).join('\n') : `there is no ${file}`;
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

export async function configOf(url: string): Promise<Config> {
  const response = await fetch(`${url}/config.json`);
  if (!response.ok) throw new Error(`${url} has no config.json: HTTP ${response.status}`);
  return (await response.json()) as Config;
}
