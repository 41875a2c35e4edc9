/** The same day on the node that Solana's own developers test with, where there is one. */
import { sharedCluster } from './shared';
import { tradersDay } from './story';
import { NO_VALIDATOR, findValidator } from './validator';

const binary = findValidator();
const given = process.env['BALLAST_GATEWAY'] && 'BALLAST_GATEWAY names the cluster';

export default () =>
  tradersDay('a trader’s day on solana-test-validator', () => sharedCluster(binary), {
    skip: given || (binary ? undefined : NO_VALIDATOR),
  });
