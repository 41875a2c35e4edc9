import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const text = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

test('the example in docs/typescript.md is the one that is type-checked', () => {
  const shown = /```ts\n([\s\S]*?)```/.exec(text('../../../docs/typescript.md'))?.[1];
  expect(shown).toBe(text('../examples/health.ts'));
});
