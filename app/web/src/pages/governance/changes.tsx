import type { HouseEvent } from '../../api/client';
import { integer, maybe, number, object, type Decoder } from '../../api/decode';
import { useEvents } from '../../api/hooks';
import { Empty, Skeleton } from '../../ui';
import { ago, clock } from '../../ui/format';
import { ApiProblem } from '../parts/range';
import type { Books } from './books';
import { PARAMETERS, say } from './parameters';

const KINDS = ['ParameterMoved'] as const;
/** A ramp is cranked two dozen times: more than these is not read. */
const SHOWN = 12;

interface Moved {
  parameter: number;
  target: number;
  from: bigint;
  to: bigint;
  proposal: bigint | null;
}

const moved: Decoder<Moved> = object<Moved>({
  parameter: number,
  target: number,
  from: integer,
  to: integer,
  proposal: maybe(integer),
});

/** Parameters that moved, from the program's own events. */
export function Changes({ books, now }: { books: Books; now: number }) {
  const { data, error, again } = useEvents(KINDS);
  if (!data) {
    return error ? (
      <div className="feed-problem">
        <ApiProblem error={error} again={again} what="What changed" />
      </div>
    ) : (
      <Skeleton />
    );
  }
  const told = data.flatMap((event) => describe(event, books) ?? []).slice(0, SHOWN);
  if (told.length === 0) return <Empty title="Nothing has changed yet">Every move of a parameter is kept here.</Empty>;
  return (
    <ul className="changes">
      {told.map(({ event, what, change, how }) => (
        <li key={event.id}>
          <time className="small faint num" title={clock(event.t)} dateTime={new Date(event.t * 1000).toISOString()}>
            {ago(event.t, now)}
          </time>
          <span>{what}</span>
          <span className="num">{change}</span>
          <span className="small muted">{how}</span>
        </li>
      ))}
    </ul>
  );
}

function describe(event: HouseEvent, books: Books) {
  try {
    const e = moved(event.data, 'event');
    const parameter = PARAMETERS[e.parameter];
    if (!parameter || e.from === e.to) return undefined;
    const token = books.token(parameter.target, e.target);
    return {
      event,
      what: `${parameter.title} of ${books.name(parameter.target, e.target)}`,
      change: `${say(parameter, e.from, token)} → ${say(parameter, e.to, token)}`,
      how: e.proposal === null ? 'at once' : `by proposal #${e.proposal}`,
    };
  } catch {
    return undefined;
  }
}
