import { Skeleton } from '../../ui';

export default function Page() {
  return <Skeleton lines={6} />;
}
