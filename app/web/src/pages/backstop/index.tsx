import { getBackstopVaultDecoder, type BackstopVault, type BoardView, type MarginAccount } from '@ballast/client';
import { useMemo } from 'react';
import { api, useApi } from '../../api/hooks';
import { decodeMarginAccount } from '../../chain/accounts';
import type { ConfigMarket } from '../../chain/config';
import { useBoard, useLiveAccount, useNow, useTreasury, valueOf } from '../../chain/hooks';
import { useChain } from '../../chain/rpc';
import { href, useRoute } from '../../router';
import { Badge, Card, Empty, Problem, Skeleton, Stat, Stats } from '../../ui';
import { bps, clock, decimal, duration, fixed, health, healthPercent, percent, quote } from '../../ui/format';
import { useLiveAccounts } from '../parts/accounts';
import { PageHead, Used } from '../parts/marks';
import { ApiProblem } from '../parts/range';
import { Insurance } from './insurance';
import { Provide } from './provide';

const decodeVault = (data: Uint8Array): BackstopVault => getBackstopVaultDecoder().decode(data);

/** Capital that stands behind each perpetual, and what its providers may do. */
export default function BackstopPage() {
  const { config } = useChain();
  const { rest } = useRoute();
  const backed = useMemo(() => config.markets.filter((market) => market.backstop !== null), [config]);
  const vaults = useLiveAccounts(
    useMemo(() => backed.map((market) => market.backstop), [backed]),
    decodeVault,
  );
  const board = valueOf(useBoard());
  const insurance = valueOf(useTreasury())?.insurance;
  const at = Math.max(0, backed.findIndex((market) => market.symbol === rest[0]));
  const chosen = backed[at];
  const vault = vaults[at];
  return (
    <div className="stack">
      <PageHead
        title="Backstop"
        note="A vault behind each perpetual: it quotes when nobody else does, and takes over what nobody liquidates. What happens in one market does not reach another's."
        actions={
          <span className="muted">
            Insurance fund <strong className="num">{insurance === undefined ? '–' : quote(insurance)}</strong>
          </span>
        }
      />
      {backed.length === 0 && (
        <Card>
          <Empty title="No market has a backstop">Governance creates them, one a perpetual.</Empty>
        </Card>
      )}
      {backed.length > 1 && (
        <nav className="picks" aria-label="Vaults">
          {backed.map((market) => (
            <a
              key={market.index}
              className="pick"
              href={href('backstop', [market.symbol])}
              aria-current={market === chosen ? 'true' : undefined}
            >
              {market.symbol}
            </a>
          ))}
        </nav>
      )}
      {chosen && vault?.state === 'loading' && <Skeleton lines={8} />}
      {chosen && (vault?.state === 'missing' || vault?.state === 'unreadable') && (
        <Problem title="The vault cannot be read">
          {vault.state === 'missing' ? 'The address that the gateway names holds no account.' : vault.error}
        </Problem>
      )}
      {chosen && vault?.state === 'ready' && board && (
        <Vault key={chosen.index} market={chosen} vault={vault.value} board={board} />
      )}
      <Insurance />
    </div>
  );
}

interface VaultProps {
  market: ConfigMarket;
  vault: BackstopVault;
  board: BoardView;
}

function Vault({ market, vault, board }: VaultProps) {
  const { config } = useChain();
  const now = useNow();
  const slice = valueOf(useLiveAccount(vault.slice, decodeMarginAccount));
  const standing = useApi(`slice/${vault.slice}`, (signal) => api.explain(vault.slice, {}, signal), 5_000);
  const asset = board.assets[market.asset];
  const unit = config.assets.find((a) => a.index === market.asset)?.symbol ?? 'units';
  const decimals = asset?.decimals ?? 0;
  const inventory = inventoryOf(slice, market.index);
  const halted = Number(vault.haltedUntil) > now;
  const equity = standing.data?.equity;
  const own = equity === undefined ? undefined : equity - vault.committed;
  const perShare =
    own === undefined || vault.totalShares === 0n
      ? undefined
      : Number((own * 1_000_000n) / vault.totalShares) / 1e6;
  const amount = (units: bigint) => `${decimal(units, decimals, { most: 4 })} ${unit}`;
  return (
    <div className="split">
      <div className="stack">
        {halted && (
          <Problem title="Halted by its losses" tone="warn">
            It lost its limit within the window and takes no more risk until {clock(Number(vault.haltedUntil))}, in{' '}
            {duration(Number(vault.haltedUntil) - now)}. It still reduces; withdrawing waits while a position is open.
          </Problem>
        )}
        <Card
          title={`${market.symbol} vault`}
          actions={halted ? <Badge tone="bad">halted</Badge> : <Badge tone="good">quoting</Badge>}
        >
          <Stats>
            <Stat
              label="Equity"
              value={own === undefined ? '–' : quote(own)}
              tone={own !== undefined && own < 0n ? 'bad' : undefined}
              note={vault.committed > 0n ? `without ${quote(vault.committed)} that traders committed` : 'at spot'}
            />
            <Stat
              label="A share is worth"
              value={perShare === undefined ? '–' : fixed(perShare, 4)}
              note={`${decimal(vault.totalShares, 6, { most: 0 })} shares, epoch ${vault.epoch}`}
            />
            <Stat
              label="Health"
              value={standing.data ? health(healthPercent(standing.data.equity, standing.data.mm)) : '–'}
              note={standing.data ? `IM ${quote(standing.data.im)}` : 'a margin account as any other'}
            />
            <Stat
              label="Holds"
              value={inventory === undefined ? '–' : amount(inventory)}
              note={inventory === undefined || inventory === 0n ? 'flat' : inventory > 0n ? 'long' : 'short'}
            />
          </Stats>
          {standing.error && (
            <div className="gap-above">
              <ApiProblem error={standing.error} again={standing.again} what="The slice's margin" />
            </div>
          )}
        </Card>
        <Card title="What it risks" note={
            <>
              Governance may lower its caps and raise its fee at once; everything else is announced two days before.{' '}
              <a href={href('governance', ['market', market.symbol])}>How far</a>
            </>
          }>
          <div className="halves">
            <dl className="facts">
              <div>
                <dt>Most that it holds</dt>
                <dd className="num">
                  {amount(vault.params.maxPosition)}{' '}
                  {inventory !== undefined && (
                    <Used share={ratio(inventory, vault.params.maxPosition)} label="Position limit" />
                  )}
                </dd>
              </div>
              <Fact name="Most in one trade" value={amount(vault.params.maxTrade)} />
              <Fact
                name="Loss limit"
                value={`${quote(vault.params.lossLimit, { least: 0 })} in ${duration(vault.params.lossWindowS)}`}
              />
              <LossWindow vault={vault} own={own} now={now} />
            </dl>
            <dl className="facts">
              <Fact name="Fee on every trade" value={bps(vault.params.feeBps)} />
              <Fact name="Skew at full inventory" value={bps(vault.params.skewBps)} />
              <Fact name="Trades on a price for" value={duration(vault.params.maxLagS)} />
              <Fact name="Funding, most a day" value={bps(vault.params.fundingMaxBps)} />
              <Fact name="Withdrawal delay" value={duration(vault.params.withdrawalDelayS)} />
            </dl>
          </div>
        </Card>
      </div>
      <Provide market={market} vault={vault} now={now} perShare={perShare} />
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="num">{value}</dd>
    </div>
  );
}

/** How far equity lies below the window's peak. */
function LossWindow({ vault, own, now }: { vault: BackstopVault; own: bigint | undefined; now: number }) {
  const left = Number(vault.windowStart) + vault.params.lossWindowS - now;
  const lost = own === undefined || left <= 0 ? undefined : vault.high > own ? vault.high - own : 0n;
  return (
    <div>
      <dt>Below the window’s peak</dt>
      <dd className="num">
        {lost === undefined ? (
          left <= 0 ? (
            'a new window begins'
          ) : (
            '–'
          )
        ) : (
          <>
            {quote(lost)} ({percent(ratio(lost, vault.params.lossLimit), 0)}){' '}
            <Used share={ratio(lost, vault.params.lossLimit)} label="Loss limit" />
          </>
        )}
      </dd>
    </div>
  );
}

function ratio(part: bigint, whole: bigint): number {
  const size = part < 0n ? -part : part;
  return whole === 0n ? 0 : Number((size * 10_000n) / whole) / 10_000;
}

/** What the slice holds in its market, as it was last written. */
function inventoryOf(slice: MarginAccount | undefined, market: number): bigint | undefined {
  if (!slice) return undefined;
  return slice.positions.find((slot) => slot.base !== 0n && slot.market === market)?.base ?? 0n;
}
