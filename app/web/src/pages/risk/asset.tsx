import type { BoardView } from '@ballast/client';
import { useMemo } from 'react';
import type { AssetPoint, HaircutBreakdown } from '../../api/client';
import { api, useApi } from '../../api/hooks';
import type { ConfigAsset } from '../../chain/config';
import { Card, Chart, Facts, Problem, Skeleton } from '../../ui';
import { ago, clock, dollars, duration, percent, rate, RATE_ONE } from '../../ui/format';
import { breakerMeaning, breakerOf, Parts, StateStrip } from '../parts/marks';
import { ApiProblem, History, SpanPicker, spanRange, SPANS, type Span } from '../parts/range';
import { moved } from './moved';

type Asset = BoardView['assets'][number];
const fraction = (value: bigint) => Number(value) / Number(RATE_ONE);

interface Props {
  asset: ConfigAsset;
  state: Asset;
  now: number;
  span: Span;
  onSpan: (span: Span) => void;
}

/** One asset through time, and what its haircut is made of. */
export function AssetRiskView({ asset, state, now, span, onSpan }: Props) {
  const history = useApi(
    `asset/${asset.index}/${span}`,
    (signal) => api.assetHistory(asset.index, spanRange(span, now), signal),
    Math.min(60_000, Math.max(5_000, SPANS[span] * 4)),
  );
  const haircut = useApi(`haircut/${asset.index}`, (signal) => api.haircut(asset.index, signal), 5_000);
  const breaker = breakerOf(state, now);
  const since = Number(state.breakerTime);
  return (
    <section className="stack" aria-label={asset.symbol}>
      <div className="spread">
        <h2 className="section-title">{asset.symbol} through time</h2>
        <SpanPicker value={span} onChange={onSpan} />
      </div>
      {breaker !== 'normal' && (
        <Problem title={`${asset.symbol} is ${breaker}`} tone={breaker === 'guarded' ? 'warn' : 'bad'}>
          {breakerMeaning(breaker)}
          {since > 0 && breaker !== 'halted' && ` Since ${clock(since)} (${ago(since, now)}).`}
          {breaker === 'halted' && state.spotMantissa !== 0n && ` The last price is ${duration(now - Number(state.publishTime))} old.`}
        </Problem>
      )}
      <div className="split">
        <div className="stack">
          <Card title="Haircut between its bounds" note="What holding the asset alone costs, as a share of its value.">
            <History answer={history} what="The haircut's history">
              {(points) => <HaircutChart symbol={asset.symbol} points={points} />}
            </History>
          </Card>
          <Card title="Price and stable price" note="Dollars a token. The stable price follows slowly; IM takes the worse of both.">
            <History answer={history} what="The price's history">
              {(points) => <PriceChart symbol={asset.symbol} points={points} />}
            </History>
          </Card>
          <Card title="Volatility" note="σ over one horizon, as a share of the price.">
            <History answer={history} what="The volatility's history">
              {(points) => <SigmaChart symbol={asset.symbol} points={points} />}
            </History>
          </Card>
        </div>
        <div className="stack">
          <Card title="Why the haircut is what it is">
            <Why asset={asset} answer={haircut.data} state={state} />
            {haircut.error && (
              <ApiProblem error={haircut.error} again={haircut.again} what="The parts by the engine" />
            )}
          </Card>
          <Card title={`What moved in ${span}`}>
            {history.data ? <Moved points={history.data} /> : <Skeleton />}
          </Card>
          <Card title="What it is charged for">
            <AssetFacts state={state} now={now} />
          </Card>
        </div>
      </div>
    </section>
  );
}

function HaircutChart({ symbol, points }: { symbol: string; points: AssetPoint[] }) {
  const { times, series } = useMemo(
    () => ({
      times: points.map((p) => p.t),
      series: [
        { label: 'Long', values: points.map((p) => p.haircutLong), colour: 'series-1' as const, stepped: true },
        { label: 'Short', values: points.map((p) => p.haircutShort), colour: 'series-2' as const, stepped: true },
        {
          label: 'Most',
          values: points.map((p) => p.haircutMax),
          colour: 'text-3' as const,
          dashed: true,
          stepped: true,
        },
        {
          label: 'Least',
          values: points.map((p) => p.haircutMin),
          colour: 'text-3' as const,
          dashed: true,
          stepped: true,
        },
      ],
    }),
    [points],
  );
  return (
    <>
      <Chart
        label={`Haircut of ${symbol}, long and short, with its bounds`}
        times={times}
        series={series}
        format={(v) => percent(v, 1)}
        height={250}
        range={[0, null]}
      />
      <StateStrip points={points} />
    </>
  );
}

function PriceChart({ symbol, points }: { symbol: string; points: AssetPoint[] }) {
  const { times, series } = useMemo(
    () => ({
      times: points.map((p) => p.t),
      series: [
        { label: 'Price', values: points.map((p) => p.price), colour: 'series-1' as const },
        { label: 'Stable price', values: points.map((p) => p.stable), colour: 'series-2' as const, dashed: true },
      ],
    }),
    [points],
  );
  return <Chart label={`Price of ${symbol} and its stable price`} times={times} series={series} format={dollars} height={200} />;
}

function SigmaChart({ symbol, points }: { symbol: string; points: AssetPoint[] }) {
  const { times, series } = useMemo(
    () => ({
      times: points.map((p) => p.t),
      series: [{ label: 'σ', values: points.map((p) => p.sigma), colour: 'series-3' as const, fill: 'zero' as const }],
    }),
    [points],
  );
  return (
    <Chart
      label={`Volatility of ${symbol}`}
      times={times}
      series={series}
      format={(v) => percent(v, 2)}
      height={160}
      range={[0, null]}
    />
  );
}

/** What the gateway's names of parts mean. */
const PART_NAMES: Record<string, string> = {
  volatility: 'Volatility, at a normal tail',
  tail: 'Its own tail, beyond that',
  stress: 'Worst stress, blended in',
  forecast: 'Forecast above volatility',
  liquidity: 'Unwinding: spread and crowd',
};

/** What the rest is: governance's floor, or what an asset that nets with nothing is charged beside its own tail. */
function restOf(state: Asset): string {
  if (state.netted) return 'Governance’s floor';
  return state.ticksLived < state.netAfterTicks ? 'New: stress, and a prior tail' : 'Nets with nothing: stress, bounds';
}

/** The parts of both sides: by the engine where the gateway answers, else the two figures that the board publishes. */
function Why({ asset, answer, state }: { asset: ConfigAsset; answer?: HaircutBreakdown; state: Asset }) {
  const side = (which: 'long' | 'short') => {
    if (answer) {
      const { total, parts } = answer[which];
      const name = (of: string) => (of === 'bounds' ? restOf(state) : (PART_NAMES[of] ?? of));
      return { total, parts: parts.map((part) => ({ ...part, name: name(part.name) })) };
    }
    const [total, addon] =
      which === 'long' ? [state.haircutLong, state.addonLong] : [state.haircutShort, state.addonShort];
    return {
      total: fraction(total),
      parts: [
        { name: 'Joint core', rate: fraction(total - addon) },
        { name: 'Add-ons, un-netted', rate: fraction(addon) },
      ],
    };
  };
  return (
    <div className="stack">
      {(['long', 'short'] as const).map((which) => {
        const { total, parts } = side(which);
        return (
          <div key={which} className="stack-s">
            <div className="spread">
              <h3>{which === 'long' ? 'Long' : 'Short'}</h3>
              <strong className="num">{percent(total)}</strong>
            </div>
            <Parts parts={parts} label={`Haircut of ${asset.symbol} ${which} and its parts`} />
          </div>
        );
      })}
    </div>
  );
}

function Moved({ points }: { points: AssetPoint[] }) {
  const said = moved(points);
  if (said.length === 0) return <p className="muted">Nothing that is charged for changed.</p>;
  return (
    <dl className="facts">
      {said.map((line) => (
        <div key={line.name}>
          <dt>{line.name}</dt>
          <dd className="num">
            {line.from} → <strong>{line.to}</strong>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function AssetFacts({ state, now }: { state: Asset; now: number }) {
  const dollarsOf = (micro: bigint) => `$${Math.round(Number(micro) / 1e6).toLocaleString('en-US')}`;
  const expected = state.expectedSigma > state.sigma;
  const rows: [string, string][] = [
    ['Volatility now', rate(state.sigma, 3)],
    [expected ? 'Expected above it' : 'Expected', rate(state.expectedSigma, 3)],
    ['Implied by options', state.impliedTime > 0n ? rate(state.impliedSigma, 3) : 'no feed'],
    ['Worst stress long / short', `${rate(state.shockLong, 1)} / ${rate(state.shockShort, 1)}`],
    ['Unwinding long / short', `${rate(state.liquidityLong)} / ${rate(state.liquidityShort)}`],
    ['Crowd long / short', `${dollarsOf(state.crowdLong)} / ${dollarsOf(state.crowdShort)}`],
    ['Crowding, of the haircut, in IM', rate(state.crowding)],
    ['Depth reported', state.depthTime > 0n ? `${dollarsOf(state.depth)}, ${ago(Number(state.depthTime), now)}` : 'never: the floor counts'],
    ['Confidence of the price', percent(state.confidenceBps / 10_000)],
    ['Sampled', `${state.ticksLived} times, ${state.ticksMissed} missed`],
  ];
  return (
    <Facts rows={rows} />
  );
}
