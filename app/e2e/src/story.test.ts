import { whenAlone, sharedCluster } from './shared';
import { tradersDay } from './story';

export default () => tradersDay('a trader’s day', sharedCluster, { whenAlone });
