import { useMemo, useState } from 'react';
import type { HousePoint } from '../../api/client';
import { api, useApi } from '../../api/hooks';
import { useNow } from '../../chain/hooks';
import { Card, Chart } from '../../ui';
import { fixed } from '../../ui/format';
import { History, SpanPicker, spanRange, SPANS, type Span } from '../parts/range';

/** The fund that pays before any backstop, and what of the vault is lent, through time. */
export function Insurance() {
  const now = useNow();
  const [span, setSpan] = useState<Span>('1d');
  const history = useApi(
    `house/${span}`,
    (signal) => api.houseHistory(spanRange(span, now), signal),
    Math.min(60_000, Math.max(5_000, SPANS[span] * 4)),
  );
  return (
    <Card
      title="The insurance fund"
      note="It pays for bankruptcies before the backstop does. Quote; governance cannot take anything out of it."
      actions={<SpanPicker value={span} onChange={setSpan} />}
    >
      <History answer={history} what="The fund’s history">
        {(points) => <FundChart points={points} />}
      </History>
    </Card>
  );
}

function FundChart({ points }: { points: HousePoint[] }) {
  const { times, series } = useMemo(
    () => ({
      times: points.map((p) => p.t),
      series: [
        {
          label: 'Insurance fund',
          values: points.map((p) => Number(p.insurance) / 1e6),
          colour: 'series-1' as const,
          fill: 'zero' as const,
          stepped: true,
        },
        { label: 'Lent to accounts', values: points.map((p) => Number(p.lent) / 1e6), colour: 'series-2' as const, stepped: true },
      ],
    }),
    [points],
  );
  return (
    <Chart
      label="Insurance fund and loans"
      times={times}
      series={series}
      format={(v) => fixed(v, 0)}
      height={180}
      range={[0, null]}
    />
  );
}
