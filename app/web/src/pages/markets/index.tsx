import { getMarketDecoder, type BoardView, type Market } from '@ballast/client';
import { useMemo, useState } from 'react';
import type { MarketPoint } from '../../api/client';
import { api, useApi } from '../../api/hooks';
import type { ConfigMarket } from '../../chain/config';
import { useBoard, useNow, useTreasury, valueOf } from '../../chain/hooks';
import { useMarks } from '../../chain/marks';
import { useChain } from '../../chain/rpc';
import { href, useRoute } from '../../router';
import { Badge, Card, Chart, Empty, Facts, Problem, Skeleton, Table, type Column } from '../../ui';
import {
  ago,
  bps,
  clock,
  decimal,
  dollars,
  duration,
  fixed,
  percent,
  price,
  quote,
  QUOTE_DECIMALS,
  RATE_ONE,
  rate,
  valueAt,
} from '../../ui/format';
import { pauseIn } from '../governance/pauses';
import { useLiveAccounts } from '../parts/accounts';
import { BreakerBadge, breakerOf, PageHead, Used } from '../parts/marks';
import { isOption, published, strikeText, termsText, yearly } from '../parts/options';
import { History, SpanPicker, spanRange, SPANS, type Span } from '../parts/range';

const decode = (data: Uint8Array): Market => getMarketDecoder().decode(data);
const fraction = (value: bigint) => Number(value) / Number(RATE_ONE);

/** A market with everything that a row needs; its own account may still be on its way. */
interface Row {
  named: ConfigMarket;
  asset: BoardView['assets'][number];
  listed: BoardView['markets'][number];
  own: Market | undefined;
  unit: string;
}

export default function MarketsPage() {
  const { config } = useChain();
  const board = useBoard();
  const now = useNow();
  const { rest } = useRoute();
  const [span, setSpan] = useState<Span>('1d');
  const addresses = useMemo(() => config.markets.map((market) => market.market), [config]);
  const accounts = useLiveAccounts(addresses, decode);
  const view = valueOf(board);
  if (board.state === 'missing' || board.state === 'unreadable')
    return (
      <Problem title="The risk board cannot be read">
        {board.state === 'missing' ? 'The address that the gateway names holds no account.' : board.error}
      </Problem>
    );
  const rows = config.markets.flatMap((named, at): Row[] => {
    const listed = view?.markets[named.index];
    const asset = listed && view?.assets[listed.asset];
    const unit = config.assets.find((a) => a.index === named.asset)?.symbol ?? 'units';
    return listed && asset ? [{ named, listed, asset, own: valueOf(accounts[at]!), unit }] : [];
  });
  const chosen = rows.find((row) => row.named.symbol === rest[0]) ?? rows[0];
  return (
    <div className="stack">
      <PageHead
        title="Markets"
        note="What may be traded, how much is open against its caps, and what it costs. Open interest counts one side."
      />
      <Card flush>
        {view ? <Markets rows={rows} now={now} chosen={chosen?.named.index} /> : <Skeleton lines={6} />}
      </Card>
      {chosen && <MarketDetail key={chosen.named.index} row={chosen} now={now} span={span} onSpan={setSpan} />}
    </div>
  );
}

const open = (row: Row) => row.own?.openInterest ?? row.listed.openInterest;
const cap = (row: Row) => row.own?.openInterestCap ?? row.listed.openInterestCap;
const spot = (row: Row) => ({ mantissa: row.asset.spotMantissa, shift: row.asset.spotShift });

function share(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number((part * 10_000n) / whole) / 10_000;
}

function Markets({ rows, now, chosen }: { rows: Row[]; now: number; chosen?: number }) {
  const columns: Column<Row>[] = [
    {
      title: 'Market',
      cell: (row) => (
        <span className="cell-stack start">
          <a
            href={href('markets', [row.named.symbol])}
            aria-current={row.named.index === chosen ? 'true' : undefined}
          >
            <strong>{row.named.symbol}</strong>
          </a>
          {isOption(row.listed) && (
            <span className="small faint">{termsText(row.listed, row.asset.decimals, now)}</span>
          )}
        </span>
      ),
    },
    { title: 'State', cell: (row) => <States row={row} now={now} /> },
    {
      title: 'Price',
      numeric: true,
      cell: (row) => (
        <span title={isOption(row.listed) ? 'Of the underlying' : undefined}>{price(spot(row), row.asset.decimals)}</span>
      ),
    },
    {
      title: 'Open interest',
      numeric: true,
      cell: (row) => (
        <span className="cell-stack">
          <span>
            {decimal(open(row), row.asset.decimals, { most: 2 })} {row.unit}
          </span>
          <span className="small faint">{quote(valueAt(spot(row), open(row)), { least: 0, most: 0 })}</span>
        </span>
      ),
    },
    {
      title: 'Of its cap',
      numeric: true,
      cell: (row) => (
        <span className="cell-stack">
          <span>{percent(share(open(row), cap(row)), 1)}</span>
          <Used share={share(open(row), cap(row))} label="Cap of open interest" />
        </span>
      ),
    },
    {
      title: 'Funding a day',
      numeric: true,
      cell: (row) =>
        row.named.backstop ? (
          <span title={row.listed.fundingRate >= 0n ? 'Longs pay shorts' : 'Shorts pay longs'}>
            {signed(fraction(row.listed.fundingRate))}
          </span>
        ) : (
          '–'
        ),
    },
    { title: 'Fee', numeric: true, cell: (row) => (row.own ? bps(row.own.feeBps) : '–') },
    { title: 'Band', numeric: true, wide: true, cell: (row) => (row.own ? `± ${bps(row.own.bandBps)}` : '–') },
    { title: 'Penalty', numeric: true, wide: true, cell: (row) => bps(row.listed.penaltyBps) },
    { title: 'Cover-2', cell: (row) => <CoverBadge row={row} now={now} /> },
  ];
  return (
    <Table
      caption="Markets with open interest, funding and fees"
      columns={columns}
      rows={rows}
      rowKey={(row) => row.named.index}
      empty={<Empty title="No market is listed">Governance lists markets on the assets of the house.</Empty>}
    />
  );
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${percent(value, 3)}`;
}

function States({ row, now }: { row: Row; now: number }) {
  const header = valueOf(useBoard())?.header;
  const pause = header && pauseIn(header, row.named, now);
  const state = breakerOf(row.asset, now);
  const expired = row.listed.kind !== 0 && Number(row.listed.expiry) <= now;
  return (
    <span className="row">
      {state !== 'normal' && <BreakerBadge state={state} />}
      {(row.listed.restrictions & 1) !== 0 && <Badge tone="warn">reduce-only</Badge>}
      {pause && <Badge tone="warn">{pause}</Badge>}
      {expired && <Badge>expired</Badge>}
      {state === 'normal' && (row.listed.restrictions & 1) === 0 && !pause && !expired && (
        <Badge tone="good">open</Badge>
      )}
    </span>
  );
}

/** Whether the market may grow while its two largest accounts are covered. */
function CoverBadge({ row: { own }, now }: { row: Row; now: number }) {
  if (!own) return <span className="faint">–</span>;
  const newest = Math.max(...own.coverTimes.map(Number));
  if (newest === 0) return <Badge title="Nobody has reported a shortfall of any account.">none reported</Badge>;
  const when = ago(newest, now);
  return own.coverCap > 0n ? (
    <Badge tone="bad" title={`As reported ${when}: what the two largest could leave unpaid exceeds what would pay for it.`}>
      does not grow
    </Badge>
  ) : (
    <Badge tone="good" title={`As reported ${when}.`}>
      covered
    </Badge>
  );
}

interface DetailProps {
  row: Row;
  now: number;
  span: Span;
  onSpan: (span: Span) => void;
}

function MarketDetail({ row, now, span, onSpan }: DetailProps) {
  const { named, unit, asset } = row;
  const history = useApi(
    `market/${named.index}/${span}`,
    (signal) => api.marketHistory(named.index, spanRange(span, now), signal),
    Math.min(60_000, Math.max(5_000, SPANS[span] * 4)),
  );
  return (
    <section className="stack" aria-label={named.symbol}>
      <div className="spread">
        <h2 className="section-title">{named.symbol}</h2>
        <div className="row">
          <a className="button button-small button-secondary" href={href('trade', [named.symbol])}>
            Trade
          </a>
          <SpanPicker value={span} onChange={onSpan} />
        </div>
      </div>
      <div className="split">
        <div className="stack">
          <Card title="Open interest" note={`${unit} on one side, and what the backstop holds of it.`}>
            <History answer={history} what="Open interest's history">
              {(points) => (
                <OpenInterestChart
                  symbol={named.symbol}
                  decimals={asset.decimals}
                  points={points}
                  backstop={named.backstop !== null}
                />
              )}
            </History>
          </Card>
          {named.backstop && (
            <Card title="Funding" note="What longs pay shorts in a day, as a share of the position; negative the other way.">
              <History answer={history} what="Funding's history">
                {(points) => <FundingChart symbol={named.symbol} points={points} />}
              </History>
            </Card>
          )}
        </div>
        <div className="stack">
          {isOption(row.listed) && (
            <Card title="The option" note="Marked by the program’s own engine, which the gateway runs.">
              <OptionFacts row={row} now={now} />
            </Card>
          )}
          <Card title="Terms">
            <Terms row={row} />
          </Card>
          <Card title="Cover-2" note="Whether the market survives the worst stress of its two largest accounts.">
            <Cover row={row} now={now} />
          </Card>
        </div>
      </div>
    </section>
  );
}

function OpenInterestChart(props: { symbol: string; decimals: number; points: MarketPoint[]; backstop: boolean }) {
  const { symbol, decimals, points, backstop } = props;
  const { times, series } = useMemo(() => {
    const units = (value: bigint) => Number(value) / 10 ** decimals;
    const stepped = true;
    return {
      times: points.map((p) => p.t),
      series: [
        {
          label: 'Open interest',
          values: points.map((p) => units(p.openInterest)),
          colour: 'series-1' as const,
          fill: 'zero' as const,
          stepped,
        },
        ...(backstop
          ? [
              {
                label: 'Backstop holds',
                values: points.map((p) => (p.inventory === null ? null : units(p.inventory))),
                colour: 'series-2' as const,
                stepped,
              },
            ]
          : []),
      ],
    };
  }, [points, decimals, backstop]);
  return (
    <Chart label={`Open interest of ${symbol}`} times={times} series={series} format={compact} height={220} />
  );
}

function FundingChart({ symbol, points }: { symbol: string; points: MarketPoint[] }) {
  const { times, series } = useMemo(
    () => ({
      times: points.map((p) => p.t),
      series: [
        {
          label: 'Funding a day',
          values: points.map((p) => p.fundingPerDay),
          colour: 'series-3' as const,
          fill: 'zero' as const,
          stepped: true,
        },
      ],
    }),
    [points],
  );
  return <Chart label={`Funding of ${symbol}`} times={times} series={series} format={(v) => percent(v, 3)} height={160} />;
}

/** An amount as short as an axis wants it. */
function compact(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size >= 1e6) return `${fixed(value / 1e6, 1)}M`;
  if (size >= 10_000) return `${fixed(value / 1e3, 0)}k`;
  return fixed(value, size >= 100 ? 0 : size >= 1 ? 1 : 3);
}

/** What an option is, and what one of it is worth. */
function OptionFacts({ row, now }: { row: Row; now: number }) {
  const { listed, asset, unit, named } = row;
  const board = valueOf(useBoard());
  const marks = useMarks([{ market: named.index, base: 10n ** BigInt(asset.decimals) }]);
  const mark = marks.data?.get(named.index);
  const expiry = Number(listed.expiry);
  const window = expiry - listed.windowS;
  const horizon = board?.header.params.horizonS;
  const implied = published(asset);
  const said = (sigma: bigint) => (horizon ? yearly(sigma, horizon) : rate(sigma));
  const final = listed.averagedS >= listed.windowS;
  const average = { mantissa: listed.averageMantissa, shift: listed.averageShift };
  const rows: [string, string][] = [
    ['Kind', listed.kind === 1 ? 'European call' : 'European put'],
    [`Mark, one ${unit}`, mark === undefined ? '–' : dollars(Number(mark) / 10 ** QUOTE_DECIMALS)],
    ['Strike', strikeText(listed, asset.decimals)],
    [`${unit} now`, price(spot(row), asset.decimals)],
    ['Expiry', expiry > now ? `${clock(expiry)}, in ${duration(expiry - now)}` : `${clock(expiry)}, over`],
    [
      'Settles at',
      final
        ? price(average, asset.decimals)
        : listed.averagedS > 0
          ? `average so far ${price(average, asset.decimals)}`
          : `average of ${duration(listed.windowS)} from ${clock(window)}`,
    ],
    [
      'Implied volatility, published',
      implied ? `${said(implied.sigma)}, ${ago(implied.time, now)}` : 'none: live volatility counts',
    ],
    ['Live volatility', said(asset.sigma)],
    ['Least charge on a short', `${bps(listed.shortMinimumBps)} of the underlying`],
  ];
  return (
    <div className="stack-s">
      <Facts rows={rows} />
      {marks.error && mark === undefined && <p className="small warn">Its mark is not known: {marks.error.message}</p>}
    </div>
  );
}

function Terms({ row }: { row: Row }) {
  const { own, listed, asset, unit } = row;
  const amount = (units: bigint) => `${decimal(units, asset.decimals, { most: 2 })} ${unit}`;
  const rows: [string, string][] = [
    ['Open interest', amount(open(row))],
    ['Cap of one side', amount(cap(row))],
    ['Taker fee', own ? bps(own.feeBps) : '–'],
    ['Fills around the oracle', own ? `± ${bps(own.bandBps)}` : '–'],
    ['Penalty in a liquidation, most', bps(listed.penaltyBps)],
    ['Unsettled profit in IM, most', quote(listed.profitCap, { least: 0, most: 0 })],
    ['Profit pool', own ? quote(own.pool) : '–'],
    ['Fees not yet swept', own ? quote(own.fees) : '–'],
    ['Accounts long / short', own ? `${own.holdersLong} / ${own.holdersShort}` : '–'],
    ['Crowding, of the haircut, in IM', rate(asset.crowding)],
  ];
  if (row.named.backstop && !isOption(listed)) {
    const pays = listed.fundingRate === 0n ? 'nobody pays' : listed.fundingRate > 0n ? 'longs pay' : 'shorts pay';
    rows.push(['Funding a day', `${signed(fraction(listed.fundingRate))}, ${pays}`]);
  }
  return (
    <Facts rows={rows} />
  );
}

function Cover({ row: { own, asset, unit }, now }: { row: Row; now: number }) {
  const insurance = valueOf(useTreasury())?.insurance;
  if (!own) return <Skeleton />;
  const reports = own.coverLosses
    .map((loss, at) => ({ loss, time: Number(own.coverTimes[at]), account: own.coverAccounts[at]! }))
    .filter((report) => report.time > 0);
  return (
    <div className="stack-s">
      {own.coverCap > 0n && (
        <Problem title="Open interest does not grow" tone="warn">
          It stands still at {decimal(own.coverCap, asset.decimals, { most: 2 })} {unit} until the two largest
          accounts are covered, or nobody has reported for a day.
        </Problem>
      )}
      <dl className="facts">
        {reports.map((report) => (
          <div key={report.account}>
            <dt>
              <a href={href('portfolio', [report.account])} className="mono">
                {report.account.slice(0, 4)}…{report.account.slice(-4)}
              </a>{' '}
              could leave unpaid
            </dt>
            <dd className="num" title={`reported ${ago(report.time, now)}`}>
              {quote(report.loss)}
            </dd>
          </div>
        ))}
        <div>
          <dt>Insurance fund</dt>
          <dd className="num">{insurance === undefined ? '–' : quote(insurance)}</dd>
        </div>
      </dl>
      {reports.length === 0 && (
        <p className="muted small">
          No account of this market was reported to fall short in its worst stress. Anybody may report one.
        </p>
      )}
    </div>
  );
}
