import { useBoard, useNow, useStatus } from './chain/hooks';
import { freshness } from './chain/freshness';
import { useChain } from './chain/rpc';
import { Button, Problem } from './ui';
import { duration } from './ui/format';
import { useWallet } from './wallet/context';

/** In the header: which cluster, and whether it is heard. */
export function ConnectionChip() {
  const { config } = useChain();
  const { rpc, socket } = useStatus();
  const tone = rpc === 'down' ? 'bad' : rpc === 'ok' && socket !== 'lost' ? 'good' : 'warn';
  const words =
    rpc === 'down'
      ? 'The node does not answer'
      : rpc === 'unknown'
        ? 'Connecting'
        : socket === 'lost'
          ? 'No subscription: read every few seconds'
          : 'Live';
  return (
    <span className="chip" title={words} role="status" aria-label={`${config.cluster}: ${words}`}>
      <span className={`dot dot-${tone}`} aria-hidden="true" />
      <span className="desktop-only">{config.cluster}</span>
    </span>
  );
}

/** Above every page: what is wrong with what it is made of. */
export function ConnectionNotices() {
  const { config, live } = useChain();
  const { rpc } = useStatus();
  const board = useBoard();
  const now = useNow();
  const { wrongCluster, walletName } = useWallet();
  const retry = (
    <Button size="small" onClick={live.retry}>
      Try again
    </Button>
  );
  if (rpc === 'down') {
    return (
      <Problem title="The node does not answer" action={retry}>
        Figures below stand as they were last heard, and nothing can be sent. Your account is on the chain
        and is not affected.
      </Problem>
    );
  }
  if (board.state === 'missing') {
    return (
      <Problem title="Wrong cluster" action={retry}>
        This node has no such clearinghouse. It may serve another cluster than {config.cluster}, or a local
        cluster was founded anew: then load the page again.
      </Problem>
    );
  }
  if (board.state === 'unreadable') {
    return (
      <Problem title="This clearinghouse cannot be read" action={retry}>
        {board.error}
      </Problem>
    );
  }
  return (
    <>
      {wrongCluster && (
        <Problem title={`${walletName} does not serve ${config.cluster}`} tone="warn">
          You see everything, and can sign nothing: choose this cluster in the wallet, or another wallet.
        </Problem>
      )}
      {board.state === 'ready' && rpc === 'ok' && <StaleNotice now={now} board={board.value} />}
    </>
  );
}

function StaleNotice({
  now,
  board,
}: {
  now: number;
  board: { assets: readonly { spotMantissa: bigint; publishTime: bigint; maxAgeS: number }[] };
}) {
  const { config } = useChain();
  const name = (index: number) => config.assets[index]?.symbol ?? `asset ${index}`;
  const stale = board.assets.flatMap((a, i) => (freshness(a, now) === 'stale' ? [i] : []));
  if (stale.length === 0) return null;
  const oldest = Math.max(...stale.map((i) => now - Number(board.assets[i]!.publishTime)));
  const all = stale.length === board.assets.length;
  return (
    <Problem title={all ? 'Prices are stale' : `No recent price: ${stale.map(name).join(', ')}`} tone="warn">
      The last one is {duration(oldest)} old. Until a keeper brings a new one, what needs a price is refused;
      quote in an account without loans and positions can always be withdrawn.
    </Problem>
  );
}
