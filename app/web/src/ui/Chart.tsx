import { useEffect, useMemo, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clock } from './format';
import { useTheme } from './theme';

export interface Series {
  label: string;
  /** One value a time; nothing where there is none. */
  values: readonly (number | null)[];
  /** Which of the four series colours, or a role. */
  colour?: 'series-1' | 'series-2' | 'series-3' | 'series-4' | 'text-3' | 'bad' | 'warn' | 'good';
  dashed?: boolean;
  /** Steps, where a value stands until the next. */
  stepped?: boolean;
  /** Filled down to zero, or to the series with this index. */
  fill?: 'zero' | number;
}

interface Props {
  /** What it shows, read out in its place. */
  label: string;
  /** Unix seconds, rising. */
  times: readonly number[];
  series: readonly Series[];
  /** How a value is written, on the axis and beside the cursor. */
  format: (value: number) => string;
  height?: number;
  /** Limits of the value axis; from the values where left out. */
  range?: [number | null, number | null];
}

function css(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];
/**
 * How far apart marks on the time axis may be. Each step is at most two and a half times the one before: with a wider gap a
 * narrow chart shows none at all. No part of a second is among them, because marks say whole ones.
 */
const STEPS = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 30].map((of) => of * MINUTE),
  ...[1, 2, 3, 4, 6, 8, 12].map((of) => of * HOUR),
  ...[1, 2, 3, 4, 5, 6, 7, 10, 15, 30].map((of) => of * DAY),
];
/** Half of what the widest mark takes, so that the last one is whole. */
const MARK_PX = 26;

/** A time on the axis: the day where marks are days apart or at midnight, else the time of day. */
function tick(time: number, step: number): string {
  const at = new Date(time * 1000);
  const midnight = at.getHours() === 0 && at.getMinutes() === 0;
  return step >= DAY || midnight
    ? at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
    : at.toLocaleTimeString('en-GB', {
        hour: '2-digit',
        minute: '2-digit',
        ...(step < MINUTE ? { second: '2-digit' as const } : {}),
      });
}

/** A line chart over time. */
export function Chart({ label, times, series, format, height = 220, range }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const { dark } = useTheme();
  const data = useMemo(
    () => [times, ...series.map((s) => s.values)] as unknown as uPlot.AlignedData,
    [times, series],
  );
  const latest = useRef({ data, format, range });
  latest.current = { data, format, range };
  // A chart is made anew only where its shape changes; new values flow into the one that stands.
  const shape = JSON.stringify(series.map(({ values: _, ...s }) => s));

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const looks = JSON.parse(shape) as Omit<Series, 'values'>[];
    const axis = {
      stroke: css('text-3'),
      font: `11px ${css('font')}`,
      grid: { stroke: css('line'), width: 1 },
      ticks: { show: false },
    };
    const options: uPlot.Options = {
      width: Math.max(element.clientWidth, 200),
      height,
      padding: [8, MARK_PX, 0, 0],
      cursor: { y: false, points: { size: 7 } },
      legend: { show: looks.length > 0, live: true },
      scales: {
        x: { time: true },
        y: {
          range: (_, low, high) => {
            const [least, most] = latest.current.range ?? [null, null];
            const pad = (high - low || Math.abs(high) || 1) * 0.08;
            return [least ?? low - pad, most ?? high + pad];
          },
        },
      },
      axes: [
        {
          ...axis,
          space: 64,
          incrs: STEPS,
          size: 30,
          values: (_, splits, __, ___, step) => splits.map((t) => tick(t, step)),
        },
        {
          ...axis,
          size: 62,
          gap: 6,
          values: (_, splits) => splits.map((v) => latest.current.format(v)),
        },
      ],
      series: [
        { label: 'Time', value: (_: uPlot, t: number | null) => (t === null ? '–' : clock(t)) },
        ...looks.map((s, i) => {
          const colour = css(s.colour ?? (`series-${(i % 4) + 1}` as const));
          return {
            label: s.label,
            stroke: colour,
            width: 1.6,
            dash: s.dashed ? [5, 4] : undefined,
            fill: s.fill === 'zero' ? `${colour}22` : undefined,
            paths: s.stepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined,
            points: { show: false },
            spanGaps: false,
            value: (_: uPlot, v: number | null) => (v === null ? '–' : latest.current.format(v)),
          } satisfies uPlot.Series;
        }),
      ],
      bands: looks.flatMap((s, i) =>
        typeof s.fill === 'number'
          ? [{ series: [i + 1, s.fill + 1] as [number, number], fill: `${css(s.colour ?? 'series-1')}22` }]
          : [],
      ),
    };
    const made = new uPlot(options, latest.current.data, element);
    plot.current = made;
    const watcher = new ResizeObserver(() =>
      made.setSize({ width: Math.max(element.clientWidth, 200), height }),
    );
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, height, dark]);

  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);

  return <div className="chart" ref={host} role="img" aria-label={label} style={{ minHeight: height }} />;
}

/** A line without axes, the size of a word. */
export function Sparkline({
  values,
  label,
  width = 96,
  height = 26,
}: {
  values: readonly number[];
  label: string;
  width?: number;
  height?: number;
}) {
  if (values.length < 2) return <span className="faint">–</span>;
  const low = Math.min(...values);
  const span = Math.max(...values) - low || 1;
  const points = values
    .map(
      (v, i) =>
        `${((i / (values.length - 1)) * (width - 2) + 1).toFixed(1)},${((1 - (v - low) / span) * (height - 4) + 2).toFixed(1)}`,
    )
    .join(' ');
  const tone = values[values.length - 1]! >= values[0]! ? 'up' : 'down';
  return (
    <svg className={`sparkline sparkline-${tone}`} width={width} height={height} role="img" aria-label={label}>
      <polyline points={points} fill="none" strokeWidth="1.5" strokeLinejoin="round" />
    </svg>
  );
}
