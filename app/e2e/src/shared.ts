/** The cluster that all tests of a run share: started for the first that asks, stopped after the last. */
import { after } from 'node:test';
import { startCluster, type Cluster } from './cluster';

let running: Promise<Cluster> | undefined;

/** On the node that `ballast localnet` starts, or on the validator with this binary. */
export function sharedCluster(validator?: string): Promise<Cluster> {
  return (running ??= startCluster(validator));
}

after(async () => {
  // One that did not start has cleaned up after itself.
  const cluster = await running?.catch(() => undefined);
  await cluster?.stop();
});
