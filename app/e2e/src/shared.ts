/** The cluster that all tests of a run share: started for the first that asks, stopped after the last. */
import { after } from 'node:test';
import { startCluster, type Cluster } from './cluster';

let running: Promise<Cluster> | undefined;

export function sharedCluster(): Promise<Cluster> {
  return (running ??= startCluster());
}

after(async () => {
  // One that did not start has cleaned up after itself.
  const cluster = await running?.catch(() => undefined);
  await cluster?.stop();
});
