import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const COMMITTED = fileURLToPath(new URL('../src/generated', import.meta.url));
const GENERATOR = fileURLToPath(new URL('../scripts/generate.mjs', import.meta.url));

function files(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(paths.map((path) => [relative(folder, path), readFileSync(path, 'utf8')]));
}

test('the generated code is what the IDL gives', { timeout: 120_000 }, () => {
  const parent = mkdtempSync(join(tmpdir(), 'ballast-client-'));
  try {
    const folder = join(parent, 'generated');
    const run = spawnSync(process.execPath, [GENERATOR, folder], { encoding: 'utf8' });
    expect(run.status, run.stderr).toBe(0);
    const [fresh, committed] = [files(folder), files(COMMITTED)];
    expect([...committed.keys()].sort()).toEqual([...fresh.keys()].sort());
    const stale = [...fresh].filter(([path, text]) => committed.get(path) !== text).map(([path]) => path);
    expect(stale, 'run `npm run generate` in app/client').toEqual([]);
  } finally {
    rmSync(parent, { recursive: true });
  }
});
