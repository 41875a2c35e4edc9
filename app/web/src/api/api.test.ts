import { describe, expect, it, vi } from 'vitest';
import { Api, ApiError, type HouseEvent } from './client';
import { EventStream, merged, type Source } from './stream';

const answering = (body: unknown, status = 200) =>
  new Api('', async () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status }));

const failure = async (call: Promise<unknown>): Promise<ApiError> => {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
};

describe('the gateway’s answers', () => {
  it('are read with integers that a number cannot hold', async () => {
    const api = answering([{ t: 1, openInterest: '9007199254740993', fundingPerDay: -0.001, inventory: null }]);
    expect(await api.marketHistory(0, {})).toEqual([
      { t: 1, openInterest: 9007199254740993n, fundingPerDay: -0.001, inventory: null },
    ]);
  });

  it('name the field that another version writes differently', async () => {
    const error = await failure(answering([{ t: 'noon' }]).marketHistory(0, {}));
    expect(error.failure).toBe('malformed');
    expect(error.message).toContain('answer[0].t is not a number');
  });

  it('do not become history where a state is unknown', async () => {
    const point = { t: 1, price: 1, stable: 1, sigma: 0, haircutLong: 0, haircutShort: 0, haircutMin: 0, haircutMax: 0 };
    const error = await failure(answering([{ ...point, state: 'asleep' }]).assetHistory(0, {}));
    expect(error.message).toContain('normal, guarded, doubted, halted');
  });

  it('pass the gateway’s own sentence on, and say whether waiting helps', async () => {
    const busy = await failure(answering({ error: 'the history is being rebuilt' }, 503).health());
    expect([busy.failure, busy.message, busy.passing]).toEqual(['refused', 'The history is being rebuilt.', true]);
    const wrong = await failure(answering({ error: 'There is no asset 9.' }, 404).haircut(9));
    expect(wrong.passing).toBe(false);
  });

  it('that are no JSON are no answers', async () => {
    const error = await failure(answering('<html>').events({}));
    expect(error.failure).toBe('malformed');
  });

  it('that never come are told from those that are refused', async () => {
    const api = new Api('', () => Promise.reject(new TypeError('fetch failed')));
    expect((await failure(api.health())).failure).toBe('unreachable');
  });

  it('are asked for with what was given and nothing else', async () => {
    const fetcher = vi.fn(async (_: RequestInfo | URL) => new Response('[]'));
    await new Api('.', fetcher).events({ kind: 'Liquidated,TakenOver', limit: 5, before: undefined });
    expect(String(fetcher.mock.calls[0]![0])).toBe('./api/events?kind=Liquidated%2CTakenOver&limit=5');
  });
});

const event = (id: number): HouseEvent => ({ id, t: id, slot: id, signature: 's', kind: 'Liquidated', data: {} });

describe('what was known and what comes', () => {
  it('is one list, newest first, each event once', () => {
    const known = [event(3), event(1)];
    expect(merged(known, [event(2), event(3)], 10).map((e) => e.id)).toEqual([3, 2, 1]);
    expect(merged(known, [event(4)], 2).map((e) => e.id)).toEqual([4, 3]);
  });
});

/** A connection that a test speaks for. */
class Fake implements Source {
  closed = false;
  private readonly listeners = new Map<string, (event: MessageEvent) => void>();
  addEventListener(type: string, listener: (event: MessageEvent) => void) {
    this.listeners.set(type, listener);
  }
  close() {
    this.closed = true;
  }
  say(type: string, data: unknown = '') {
    this.listeners.get(type)?.({ data: typeof data === 'string' ? data : JSON.stringify(data) } as MessageEvent);
  }
}

function harness() {
  vi.useFakeTimers();
  const made: Fake[] = [];
  const stream = new EventStream(() => {
    const source = new Fake();
    made.push(source);
    return source;
  });
  return { made, stream, last: () => made.at(-1)! };
}

describe('the stream', () => {
  it('is one connection for all who listen, and closes with the last', () => {
    const { made, stream } = harness();
    const ends = [stream.listen(() => {}), stream.watch(() => {}), stream.listen(() => {})];
    expect(made).toHaveLength(1);
    ends.slice(0, 2).forEach((end) => end());
    expect(made[0]!.closed).toBe(false);
    ends[2]!();
    expect(made[0]!.closed).toBe(true);
  });

  it('tries again ever more slowly, and at once after it was heard', () => {
    const { made, stream, last } = harness();
    stream.watch(() => {});
    const waits = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000];
    for (const wait of waits) {
      last().say('error');
      expect(stream.state().kind).toBe('down');
      const before = made.length;
      vi.advanceTimersByTime(wait - 1);
      expect(made).toHaveLength(before);
      vi.advanceTimersByTime(1);
      expect(made).toHaveLength(before + 1);
    }
    last().say('open');
    last().say('error');
    vi.advanceTimersByTime(1_000);
    expect(made).toHaveLength(waits.length + 2);
  });

  it('tells of a gap after it was down, and where the gateway says that some were missed', () => {
    const { stream, last } = harness();
    const gap = vi.fn();
    stream.listen(() => {}, gap);
    last().say('open');
    expect(gap).not.toHaveBeenCalled();
    last().say('error');
    vi.advanceTimersByTime(1_000);
    last().say('open');
    expect(gap).toHaveBeenCalledTimes(1);
    last().say('missed', { count: 3 });
    expect(gap).toHaveBeenCalledTimes(2);
  });

  it('replaces a connection on which nothing comes any more', () => {
    const { made, stream, last } = harness();
    stream.watch(() => {});
    last().say('open');
    vi.advanceTimersByTime(40_000);
    last().say('board', { t: 1, slot: 5 });
    vi.advanceTimersByTime(40_000);
    expect(made).toHaveLength(1);
    vi.advanceTimersByTime(10_000);
    expect(made).toHaveLength(2);
    expect(made[0]!.closed).toBe(true);
  });

  it('leaves out what is no event, and counts it', () => {
    const { stream, last } = harness();
    const heard: number[] = [];
    stream.listen((e) => heard.push(e.id));
    last().say('event', '{');
    last().say('event', { id: 'one' });
    last().say('event', event(7));
    expect(heard).toEqual([7]);
    expect(stream.dropped).toBe(2);
  });
});
