/** The cluster that all tests of a run share: started for the first that asks, stopped after the last. */
import { after, describe } from 'node:test';
import { startCluster, type Cluster } from './cluster';

let running: Promise<Cluster> | undefined;

/** On the node that `ballast localnet` starts, or on the validator with this binary. */
export function sharedCluster(validator?: string): Promise<Cluster> {
  return (running ??= startCluster(validator));
}

let others: Promise<void> | undefined;

/** Waits until nobody else uses the cluster. */
export const whenAlone = async (): Promise<void> => others;

/**
 * Runs a story, and beside it, one after the other, tests that change nothing that the story could notice. Most of a story
 * is waiting for blocks and prices.
 */
export function beside(tests: readonly (() => void)[], story: () => void): void {
  if (tests.length === 0) return story();
  others = new Promise((over) => {
    describe('side by side', { concurrency: 2 }, () => {
      describe('what changes nothing for others', { concurrency: 1 }, () => {
        for (const test of tests) test();
        after(() => over());
      });
      story();
    });
  });
}

after(async () => {
  // One that did not start has cleaned up after itself.
  const cluster = await running?.catch(() => undefined);
  await cluster?.stop();
});
