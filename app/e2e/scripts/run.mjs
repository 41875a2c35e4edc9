// Builds the dApp and the browser tests, and runs them: `npm run e2e [-- NAME]` runs src/NAME.test.ts (all without a
// name), `npm run screenshots` runs src/screenshots.ts. `npm run walk` runs src/walk.ts, which builds a dApp of its own.
//
// Node's own test runner does not read TypeScript in every supported version, so the tests are bundled first.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const here = fileURLToPath(new URL('..', import.meta.url));
const built = join(here, '.build');
const wanted = process.argv.slice(2);
const program = ['screenshots', 'walk'].find((name) => name === wanted[0]);

const nameOf = (file) => file.split('.')[0];
const sources = readdirSync(join(here, 'src')).filter((file) =>
  program ? file === `${program}.ts` : file.endsWith('.test.ts'),
);
const chosen = program || wanted.length === 0 ? sources : sources.filter((file) => wanted.includes(nameOf(file)));
if (chosen.length === 0) {
  const names = sources.map(nameOf).join(', ');
  console.error(`there is no browser test called ${wanted.join(' or ')}: there are ${names}`);
  process.exit(1);
}

const web = join(here, '../web');
if (program !== 'walk' && existsSync(join(web, 'package.json')) && !process.env.BALLAST_GATEWAY) {
  const build = spawnSync('npm', ['run', 'build', '--silent'], { cwd: web, stdio: 'inherit' });
  if (build.status !== 0) process.exit(build.status ?? 1);
}

// Tests share a cluster, which takes longer to start than most of them to run: they are one file. The trader's day comes
// last, because it lets prices crash and days pass, and beside it those that do not mind. Whoever pauses and lists has
// clusters of its own, one after the other, beside the first. The validator's tests come after all of these: a second
// node like that is too much for a small machine.
const UNDISTURBED = ['states', 'wallets'];
const STORY = 'story';
const ALONE = ['options', 'powers'];
const groupOf = (file) => {
  if (program) return program;
  if (ALONE.includes(nameOf(file))) return 'alone';
  return nameOf(file) === 'validator' ? 'validator' : 'shared';
};
const entries = Object.fromEntries(
  ['shared', 'alone', 'validator', program]
    .map((group) => [group, chosen.filter((file) => groupOf(file) === group).sort()])
    .filter(([, files]) => files.length > 0),
);
const names = Object.keys(entries);
const virtual = 'virtual:';
const from = (file) => JSON.stringify(join(here, 'src', file));

/** A file that runs these: each exports what declares its tests. */
function entryOf(files) {
  if (program) return files.map((file) => `import ${from(file)};`).join('\n');
  const withStory = files.some((file) => nameOf(file) === STORY);
  const isBeside = (file) => withStory && UNDISTURBED.includes(nameOf(file));
  const inTurn = files.filter((file) => !isBeside(file) && nameOf(file) !== STORY);
  return [
    ...files.map((file) => `import ${nameOf(file)} from ${from(file)};`),
    ...inTurn.map((file) => `${nameOf(file)}();`),
    ...(withStory
      ? [
          `import { beside } from ${from('shared.ts')};`,
          `beside([${files.filter(isBeside).map(nameOf)}], ${STORY});`,
        ]
      : []),
  ].join('\n');
}

const entry = {
  name: 'entry',
  resolveId: (id) => (id.startsWith(virtual) ? id : undefined),
  load: (id) => (id.startsWith(virtual) ? entryOf(entries[id.slice(virtual.length)]) : undefined),
};
rmSync(built, { recursive: true, force: true });
const bundle = await rolldown({
  input: Object.fromEntries(names.map((name) => [name, `${virtual}${name}`])),
  platform: 'node',
  external: [/^node:/, 'playwright-core', /^@solana/],
  plugins: [entry],
});
await bundle.write({ dir: built, format: 'esm', entryFileNames: '[name].mjs', sourcemap: true });

/** Runs what was built of these, at once; returns how it ended. */
function run(groups, options, rest) {
  const files = groups.map((name) => join(built, `${name}.mjs`));
  if (files.length === 0) return 0;
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', ...options, ...files, ...rest], { stdio: 'inherit' });
  return status ?? 1;
}

if (program) process.exit(run(names, [], wanted.slice(1)));
const test = ['--test', '--test-reporter=spec', '--test-concurrency=2'];
const turns = [['shared', 'alone'], ['validator']];
const statuses = turns.map((groups) => run(groups.filter((name) => entries[name]), test, []));
process.exit(Math.max(...statuses));
