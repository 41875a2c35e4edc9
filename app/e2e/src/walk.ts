/**
 * A newcomer's walk: `npm run walk` clones the repository into an empty folder, runs the commands with which README.md
 * leads to an open dApp (read out of it, so that it cannot tell anything else), does there what it says, and prints how
 * long each step took.
 */
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { launch } from './browser';
import { hasEnded, start, type Child } from './child';
import { configOf } from './cluster';
import { DApp } from './dapp';
import { repository } from './repository';
import { Trader } from './trader';
import { until } from './wait';

const USAGE = `usage: npm run walk -- [OPTION...]
  --from REPOSITORY   what is cloned (default: this repository, as far as it is committed)
  --cold              begin with empty caches: cargo's, npm's, and that of the program's toolchain
  --port N            of the gateway, where its default is taken
  --picture FILE      of the page when a price has moved (default: target/walk.png)
  --keep              leave the clone`;

/** What follows the commands in README.md that start a cluster. */
const PROMISE = /^It prints an address; open it/;
/** With nothing in any cache everything is compiled. */
const START_MS = 3_600_000;
const DEPOSIT = 2_000;

/** Lines that end a step, and its name. */
const MARKS: readonly [RegExp, (found: RegExpExecArray) => string][] = [
  [/^deps: (.*)/, ([, what]) => `deps: ${what}`],
  [/^sbf: ready: /, () => 'toolchain of the program'],
  [/^sbf: target\/deploy\/(\w+)\.so,/, ([, name]) => `program ${name}`],
  [/^\s*Finished `dev` profile/, () => 'native binaries and tests'],
  [/^added \d+ packages/, () => 'npm packages'],
  [/^✓ built in/, () => 'web app'],
  [/^(node|house|prices|people|keeper|gateway) +[\d.]+ s /, ([, name]) => `cluster: ${name}`],
];
const ADDRESS = /│ dApp +(http:\S+)/;

const { values: options } = parseArgs({
  options: {
    from: { type: 'string', default: repository() },
    cold: { type: 'boolean', default: false },
    port: { type: 'string' },
    picture: { type: 'string' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** The commands in front of the promise, one a line. */
function commandsOf(readme: string): string {
  const parts = readme.split(/^```.*\n/m);
  const after = parts.findIndex((text, at) => at % 2 === 0 && PROMISE.test(text.trim()));
  const commands = parts[after - 1]?.trim();
  if (!commands) throw new Error(`README.md has no commands in front of a paragraph that begins with ${PROMISE.source}`);
  return commands;
}

const PICTURE = options.picture
  ? resolve(process.env['INIT_CWD'] ?? '.', options.picture)
  : join(repository(), 'target/walk.png');

class Walk {
  readonly #begin = performance.now();
  readonly #rows: { name: string; seconds: number; at: number }[] = [];

  /** What was done since the step before. */
  done(name: string): void {
    const at = (performance.now() - this.#begin) / 1_000;
    const seconds = at - (this.#rows.at(-1)?.at ?? 0);
    this.#rows.push({ name, seconds, at });
    console.error(`${seconds.toFixed(1).padStart(8)} s  ${name}`);
  }

  table(): string {
    const rows = this.#rows.map(({ name, seconds, at }) => [name, seconds.toFixed(1), at.toFixed(1)]);
    const all = [['step', 'seconds', 'since the beginning'], ...rows];
    const wide = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]!.length)));
    const line = ([name, ...numbers]: string[]) =>
      `| ${name!.padEnd(wide[0]!)} | ${numbers.map((text, at) => text.padStart(wide[at + 1]!)).join(' | ')} |`;
    const rule = `|${'-'.repeat(wide[0]! + 2)}|${[1, 2].map((at) => `${'-'.repeat(wide[at]! + 1)}:`).join('|')}|`;
    return [line(all[0]!), rule, ...rows.map(line)].join('\n');
  }
}

const walk = new Walk();
/** What runs the commands. */
let shell: Child | undefined;

async function clone(from: string, to: string): Promise<void> {
  const git = start('git', ['clone', '--quiet', from, to], tmpdir());
  await until('the clone', () => hasEnded(git), { within: 600_000 });
  if (git.process.exitCode !== 0) throw new Error(`cannot clone ${from}: ${git.said()}`);
  walk.done('git clone');
}

/** What a shell has besides; nothing but empty caches where they are asked for. */
function environment(folder: string): NodeJS.ProcessEnv {
  const cold = {
    CARGO_HOME: join(folder, 'cache/cargo'),
    BALLAST_CACHE: join(folder, 'cache/ballast'),
    npm_config_cache: join(folder, 'cache/npm'),
  };
  // What npm tells its scripts, and how this repository is set up, are no newcomer's; where packages come from is.
  const from = /^npm_config_(registry|userconfig|globalconfig|cache|cafile|.*proxy)$/;
  const foreign = (name: string) => /^(npm_|BALLAST_|INIT_CWD$)/.test(name) && !from.test(name);
  const paths = (process.env['PATH'] ?? '').split(delimiter).filter((path) => !path.includes('node_modules'));
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign(name))),
    PATH: paths.join(delimiter),
    ...(options.cold && cold),
    ...(options.port && { ARGS: `--port ${options.port}` }),
  };
}

/** Runs the commands until they have printed an address. */
async function open(commands: string, clone: string, folder: string): Promise<string> {
  shell = start('bash', ['-euc', commands], clone, environment(folder));
  const log = createWriteStream(join(folder, 'walk.log'));
  let url: string | undefined;
  for (const output of [shell.process.stdout!, shell.process.stderr!])
    createInterface(output).on('line', (coloured) => {
      const line = coloured.replace(/\u001b\[[\d;]*m/g, '');
      log.write(`${line}\n`);
      url ??= ADDRESS.exec(line)?.[1];
      for (const [mark, name] of MARKS) {
        const found = mark.exec(line);
        if (found) return walk.done(name(found));
      }
    });
  const commandsRun = shell;
  const found = await until('an address', () => url ?? (hasEnded(commandsRun) && 'ended'), { within: START_MS });
  if (found === 'ended') throw new Error(`the commands printed no address:\n${shell.said()}`);
  walk.done('the address is printed');
  return found;
}

/** What the paragraph promises: open it, connect the burner wallet, take money from the faucet and trade. */
async function visit(url: string): Promise<void> {
  const config = await configOf(url);
  const browser = await launch();
  try {
    const dapp = await DApp.open(browser, url);
    const { symbol } = config.markets[0]!;
    await dapp.go('Markets');
    const price = () => dapp.cell(/^Markets/, symbol, 'Price');
    const first = await until('a price on the page', async () => /\d/.test(await price()) && price());
    walk.done(`the page shows the price of ${symbol}`);
    await dapp.becomes('the price to move', async () => (await price()) !== first);
    walk.done('the price has moved');
    await dapp.page.screenshot({ path: PICTURE });
    await dapp.connect();
    walk.done('burner wallet connected');
    await dapp.go('Portfolio');
    await dapp.faucet();
    walk.done('money from the faucet');
    await dapp.openAccount();
    await dapp.deposit(String(DEPOSIT));
    walk.done('account opened, quote deposited');
    const { price: dollars, decimals, haircut } = await (await Trader.of(config)).price(0);
    await dapp.trade(symbol, 'Buy', (DEPOSIT / 4 / haircut / dollars).toFixed(Math.min(decimals, 4)));
    walk.done('first trade asked for and filled');
    if (dapp.complaints.length > 0) console.error(`the page complained:\n${dapp.complaints.join('\n')}`);
  } finally {
    await browser.close();
  }
}

/** Ctrl-C, which a terminal sends to all of a group. */
async function interrupt(): Promise<void> {
  const running = shell;
  if (!running || hasEnded(running)) return;
  const group = -running.process.pid!;
  process.kill(group, 'SIGINT');
  await until('everything to stop', () => hasEnded(running)).catch(() => process.kill(group, 'SIGKILL'));
}

if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), 'ballast-walk-'));
const clear = () => options.keep || rmSync(folder, { recursive: true, force: true });
let cutOff = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    cutOff = true;
    void interrupt().then(clear).finally(() => process.exit(1));
  });
try {
  const to = join(folder, 'ballast');
  await clone(options.from, to);
  const commands = commandsOf(readFileSync(join(to, 'README.md'), 'utf8'));
  console.error(commands.replace(/^/gm, '$ '));
  await visit(await open(commands, to, folder));
  await interrupt();
  walk.done('everything stopped');
  console.log(walk.table());
  clear();
} catch (error) {
  await interrupt();
  console.log(walk.table());
  if (!cutOff) console.error(`${(error as Error).stack}\nwhat was said is in ${join(folder, 'walk.log')}`);
  process.exitCode = 1;
}
