import { sharedCluster } from './shared';
import { tradersDay } from './story';

tradersDay('a trader’s day', () => sharedCluster());
