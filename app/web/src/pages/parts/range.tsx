import type { ReactNode } from 'react';
import type { ApiError, Range } from '../../api/client';
import type { Answer } from '../../api/hooks';
import { Button, Empty, Problem, Segmented, Skeleton } from '../../ui';

/** Spans of time that a chart may show, by name. */
export const SPANS = { '1h': 3_600, '6h': 21_600, '1d': 86_400, '7d': 604_800, '30d': 2_592_000 } as const;
export type Span = keyof typeof SPANS;

export function SpanPicker({ value, onChange }: { value: Span; onChange: (span: Span) => void }) {
  return (
    <Segmented
      label="Time shown"
      options={(Object.keys(SPANS) as Span[]).map((key) => ({ key, title: key }))}
      value={value}
      onChange={onChange}
    />
  );
}

/** What to ask a history for, up to now. */
export function spanRange(span: Span, now: number, points = 300): Range {
  return { from: now - SPANS[span], to: now + 60, points };
}

/** What the gateway's history failed with, and the way to ask again. */
export function ApiProblem({ error, again, what }: { error: ApiError; again: () => void; what: string }) {
  return (
    <Problem
      title={`${what} cannot be shown`}
      tone="warn"
      action={
        <Button size="small" onClick={again}>
          Try again
        </Button>
      }
    >
      {error.message}
    </Problem>
  );
}

/** A chart's place: skeleton, failure, emptiness, or the chart; with an old chart a failure is said above it. */
export function History<T>({
  answer,
  what,
  children,
}: {
  answer: Answer<T[]>;
  what: string;
  children: (points: T[]) => ReactNode;
}) {
  const { data, error, again } = answer;
  if (!data) return error ? <ApiProblem error={error} again={again} what={what} /> : <Skeleton lines={6} />;
  return (
    <div className="stack-s">
      {error && <ApiProblem error={error} again={again} what={`The newest part of ${what.toLowerCase()}`} />}
      {data.length < 2 ? (
        <Empty title="No history yet">It fills as prices are published.</Empty>
      ) : (
        children(data)
      )}
    </div>
  );
}
