import { RISK_BOARD_OFFSETS, type BoardView } from '@ballast/client';
import { useState } from 'react';
import { useBoard, useLiveAccount, useNow, valueOf } from '../../chain/hooks';
import { useChain } from '../../chain/rpc';
import { href, useRoute } from '../../router';
import { Badge, Card, Empty, Problem, Skeleton, Stat, Stats, Table, type Column } from '../../ui';
import { ago, clock, duration, percent, price, rate, RATE_ONE } from '../../ui/format';
import { raw } from '../parts/accounts';
import { Between, BreakerBadge, breakerOf, PageHead } from '../parts/marks';
import { type Span } from '../parts/range';
import { AssetRiskView } from './asset';
import { Nearest } from './nearest';
import { rowsOf } from './ring';

type Asset = BoardView['assets'][number];
const fraction = (value: bigint) => Number(value) / Number(RATE_ONE);

/** Prices, volatility, haircuts and breakers of everything that is listed, and why they are what they are. */
export default function RiskPage() {
  const board = useBoard();
  const { config } = useChain();
  const now = useNow();
  const { rest } = useRoute();
  const [span, setSpan] = useState<Span>('6h');
  const view = valueOf(board);
  if (board.state === 'missing')
    return <Problem title="There is no risk board">The address that the gateway names holds no account.</Problem>;
  if (board.state === 'unreadable') return <Problem title="The risk board cannot be read">{board.error}</Problem>;
  const chosen = config.assets.find((asset) => asset.symbol === rest[0]) ?? config.assets[0];
  const state = chosen && view?.assets[chosen.index];
  return (
    <div className="stack">
      <PageHead
        title="Risk"
        note="What the house believes about every asset now. Haircuts move by themselves between the bounds that governance set; nobody sets them."
      />
      <Card title="The whole market">{view ? <House view={view} now={now} /> : <Skeleton />}</Card>
      <Card title="Assets" flush>
        {view ? <Assets view={view} now={now} chosen={chosen?.index} /> : <Skeleton lines={6} />}
      </Card>
      {chosen && state && (
        <AssetRiskView asset={chosen} state={state} now={now} span={span} onSpan={setSpan} />
      )}
      <Nearest />
    </div>
  );
}

function House({ view: { header, assets }, now }: { view: BoardView; now: number }) {
  const { config, deployment } = useChain();
  const bytes = valueOf(useLiveAccount(deployment.board, raw));
  const ring = bytes && rowsOf(bytes, RISK_BOARD_OFFSETS.rowTimes);
  const index = header.indexWeights === 0 ? 0n : header.indexSum / BigInt(header.indexWeights);
  const calm = Number(header.params.calmSigmaE8) / 1e8;
  const oldest = assets
    .map((asset, at) => ({ asset, symbol: config.assets[at]?.symbol ?? `#${at}` }))
    .filter(({ asset }) => asset.spotMantissa !== 0n)
    .sort((a, b) => Number(a.asset.publishTime - b.asset.publishTime))[0];
  const age = oldest && now - Number(oldest.asset.publishTime);
  const horizon = duration(header.params.horizonS);
  const grace = Number(header.graceUntil) - now;
  return (
    <div className="stack">
      <Stats>
        <Stat
          label="Market volatility"
          value={rate(index)}
          tone={fraction(index) > calm ? 'warn' : undefined}
          note={`over ${horizon}; calm up to ${percent(calm)}`}
        />
        <Stat
          label="Volatility in MM"
          value={rate(header.notice, 0)}
          note={header.notice < RATE_ONE ? 'follows the market with notice' : 'in full: no notice pending'}
        />
        <Stat
          label="Scenarios lived"
          value={ring ? `${ring.written} / ${ring.size}` : '–'}
          note={
            !ring || ring.newest === 0
              ? 'the others come from calibration'
              : `newest ${ago(ring.newest, now)}, oldest ${ago(ring.oldest, now)}`
          }
        />
        <Stat
          label="Last tick"
          value={header.lastTick > 0n ? ago(Number(header.lastTick), now) : 'none yet'}
          note={`every ${duration(header.params.tickIntervalS)}; ${header.tickCount} so far`}
        />
        <Stat
          label="Oldest price"
          value={age === undefined ? '–' : duration(age)}
          tone={age !== undefined && oldest && age > oldest.asset.maxAgeS ? 'bad' : undefined}
          note={oldest ? `${oldest.symbol}, may be ${duration(oldest.asset.maxAgeS)} old` : ''}
        />
        <Stat
          label="Quote token"
          value={`$${fraction(header.quoteRate || RATE_ONE).toFixed(4)}`}
          tone={header.offPeg ? 'bad' : undefined}
          note={header.offPeg ? 'off its peg: no new risk' : header.quoteTime === 0n ? 'no feed: counts as a dollar' : 'at its peg'}
        />
      </Stats>
      {grace > 0 && (
        <Problem title="Grace after an outage" tone="info">
          Liquidation waits for another {duration(grace)}, so that everybody can act first.
        </Problem>
      )}
      {Number(header.pauseUntil) > now && header.paused !== 0 && (
        <Problem title="Paused by the guardian" tone="warn">
          {[header.paused & 1 ? 'new risk' : '', header.paused & 2 ? 'deposits and liquidation' : '']
            .filter(Boolean)
            .join(' and ')}{' '}
          until {clock(Number(header.pauseUntil))}. It ends by itself.
        </Problem>
      )}
    </div>
  );
}

function Assets({ view, now, chosen }: { view: BoardView; now: number; chosen?: number }) {
  const { config } = useChain();
  const symbol = (at: Asset) => config.assets[at.index]?.symbol ?? `#${at.index}`;
  const columns: Column<Asset>[] = [
    {
      title: 'Asset',
      cell: (a) => (
        <a href={href('risk', [symbol(a)])} aria-current={a.index === chosen ? 'true' : undefined}>
          <strong>{symbol(a)}</strong>
        </a>
      ),
    },
    { title: 'Breaker', cell: (a) => <BreakerBadge state={breakerOf(a, now)} /> },
    { title: 'Price', numeric: true, cell: (a) => price({ mantissa: a.spotMantissa, shift: a.spotShift }, a.decimals) },
    {
      title: 'Stable price',
      numeric: true,
      wide: true,
      cell: (a) => price({ mantissa: a.stableMantissa, shift: a.stableShift }, a.decimals),
    },
    { title: 'Volatility', numeric: true, cell: (a) => rate(a.sigma) },
    { title: 'Haircut long', numeric: true, cell: (a) => <Haircut asset={a} side="long" /> },
    { title: 'Haircut short', numeric: true, cell: (a) => <Haircut asset={a} side="short" /> },
    {
      title: 'Bounds',
      numeric: true,
      wide: true,
      cell: (a) => `${rate(a.haircutMin, 1)} – ${rate(a.haircutMax, 1)}`,
    },
    {
      title: 'Price age',
      numeric: true,
      cell: (a) => {
        if (a.spotMantissa === 0n) return 'never';
        const age = now - Number(a.publishTime);
        return <span className={age > a.maxAgeS ? 'bad' : ''}>{duration(age)}</span>;
      },
    },
    {
      title: 'Netting',
      wide: true,
      cell: (a) => {
        if (a.netted) return <Badge tone="good">nets</Badge>;
        const seasoned = a.ticksLived >= a.netAfterTicks;
        const why = seasoned
          ? 'Its haircut is at its maximum or its scenarios are not complete.'
          : `It nets once it was sampled ${a.netAfterTicks} times.`;
        return (
          <Badge title={why}>{seasoned ? 'alone' : `new, ${a.ticksLived} / ${a.netAfterTicks}`}</Badge>
        );
      },
    },
  ];
  return (
    <Table
      caption="Assets with price, volatility and haircut"
      columns={columns}
      rows={view.assets}
      rowKey={(a) => a.index}
      empty={<Empty title="Nothing is listed">Governance lists assets before the house opens.</Empty>}
    />
  );
}

function Haircut({ asset, side }: { asset: Asset; side: 'long' | 'short' }) {
  const value = side === 'long' ? asset.haircutLong : asset.haircutShort;
  return (
    <span className="cell-stack">
      {rate(value)}
      <Between
        value={fraction(value)}
        least={fraction(asset.haircutMin)}
        most={fraction(asset.haircutMax)}
        label={`Haircut ${side}`}
      />
    </span>
  );
}
