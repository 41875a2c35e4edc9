import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

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
