import type { BoardView, Clearinghouse } from '@ballast/client';
import { useChain } from '../../chain/rpc';
import { Badge } from '../../ui';
import { clock, duration, shortAddress } from '../../ui/format';
import { useWallet } from '../../wallet/context';
import { NOBODY } from './proposals';

const DUTIES = [
  ['governance', 'Governance', 'lists, and moves parameters within the table'],
  ['steward', 'Steward', 'moves parameters within its mandates'],
  ['guardian', 'Guardian', 'pauses, and cancels what loosens'],
  ['depthReporter', 'Depth reporter', 'reports depth inside bounds'],
] as const;

/** Who may do what, and which of it the connected wallet is. */
export function Roles({ house, now }: { house: Clearinghouse; now: number }) {
  const { address } = useWallet();
  const { config } = useChain();
  const next = house.nextGovernance !== NOBODY;
  const from = Number(house.nextGovernanceFrom);
  return (
    <dl className="facts">
      {DUTIES.map(([field, name, duty]) => {
        const key = house[field];
        return (
          <div key={field}>
            <dt>
              {name}
              <span className="block small">{duty}</span>
            </dt>
            <dd>
              {key === NOBODY ? (
                <span className="faint">nobody</span>
              ) : (
                <span className="mono" title={key}>
                  {shortAddress(key)}
                </span>
              )}
              {key === address && (
                <>
                  {' '}
                  <Badge tone="info">you</Badge>
                </>
              )}
            </dd>
          </div>
        );
      })}
      {next && (
        <div>
          <dt>Next governance</dt>
          <dd>
            <span className="mono" title={house.nextGovernance}>
              {shortAddress(house.nextGovernance)}
            </span>{' '}
            <span className="small">{from > now ? `may accept in ${duration(from - now)}` : 'may accept now'}</span>
          </dd>
        </div>
      )}
      <div>
        <dt>Clearinghouse</dt>
        <dd className="mono" title={config.clearinghouse}>
          {shortAddress(config.clearinghouse)}
        </dd>
      </div>
    </dl>
  );
}

const KINDS = ['New risk', 'Deposits, and liquidation with them', 'Single assets and markets'] as const;

/** What is paused now, and what may be paused again when. */
export function Pauses(props: { house: Clearinghouse; header: BoardView['header']; now: number }) {
  const { house, header, now } = props;
  const { config } = useChain();
  const until = Number(header.pauseUntil);
  const on = until > now;
  const names = [
    ...config.assets.filter((a) => (header.pausedAssets >>> a.index) & 1).map((a) => a.symbol),
    ...config.markets.filter((m) => (header.pausedMarkets >> BigInt(m.index)) & 1n).map((m) => m.symbol),
  ];
  const paused = [on && (header.paused & 1) !== 0, on && (header.paused & 2) !== 0, on && names.length > 0];
  return (
    <dl className="facts">
      {KINDS.map((name, kind) => {
        const rest = Number(house.nextPause[kind] ?? 0n) - now;
        return (
          <div key={name}>
            <dt>
              {name}
              {kind === 2 && paused[2] && <span className="block small">{names.join(', ')}</span>}
            </dt>
            <dd>
              {paused[kind] ? (
                <Badge tone="warn">
                  <span className="num" title={clock(until)}>
                    ends in {duration(until - now)}
                  </span>
                </Badge>
              ) : rest > 0 ? (
                <span className="muted small num">not again for {duration(rest)}</span>
              ) : (
                <span className="faint">not paused</span>
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
