// Builds the dApp and the browser tests, and runs them: `npm run e2e [-- NAME]` runs src/NAME.test.ts (all without a
// name), `npm run screenshots` runs src/screenshots.ts.
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
const shots = wanted[0] === 'screenshots';

const sources = readdirSync(join(here, 'src')).filter((file) =>
  shots ? file === 'screenshots.ts' : file.endsWith('.test.ts'),
);
const chosen = shots || wanted.length === 0 ? sources : sources.filter((file) => wanted.includes(file.split('.')[0]));
if (chosen.length === 0) {
  const names = sources.map((file) => file.split('.')[0]).join(', ');
  console.error(`there is no browser test called ${wanted.join(' or ')}: there are ${names}`);
  process.exit(1);
}

const web = join(here, '../web');
if (existsSync(join(web, 'package.json')) && !process.env.BALLAST_GATEWAY) {
  const build = spawnSync('npm', ['run', 'build', '--silent'], { cwd: web, stdio: 'inherit' });
  if (build.status !== 0) process.exit(build.status ?? 1);
}

rmSync(built, { recursive: true, force: true });
const bundle = await rolldown({
  input: Object.fromEntries(chosen.map((file) => [file.replace(/\.ts$/, ''), join(here, 'src', file)])),
  platform: 'node',
  external: [/^node:/, 'playwright-core', /^@solana/],
});
await bundle.write({ dir: built, format: 'esm', entryFileNames: '[name].mjs', sourcemap: true });

const files = chosen.map((file) => join(built, file.replace(/\.ts$/, '.mjs')));
const options = shots ? [] : ['--test', '--test-concurrency=1', '--test-reporter=spec'];
const run = spawnSync(process.execPath, ['--enable-source-maps', ...options, ...files], { stdio: 'inherit' });
process.exit(run.status ?? 1);
