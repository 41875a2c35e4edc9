import { useEffect, useMemo, useRef, useState } from 'react';
import type { HouseEvent } from '../../api/client';
import { stream, useEvents } from '../../api/hooks';
import type { StreamState } from '../../api/stream';
import { useSelectedAccount } from '../../chain/accounts';
import { useNow } from '../../chain/hooks';
import { useChain } from '../../chain/rpc';
import { go, href, useRoute } from '../../router';
import { Badge, Button, Card, Empty, Field, Segmented, Skeleton } from '../../ui';
import { ago, clock, quote, shortAddress } from '../../ui/format';
import { PageHead } from '../parts/marks';
import { ApiProblem } from '../parts/range';
import { change, CLOSINGS, describe, KINDS, WARNINGS, type Names, type Story } from './describe';

const GROUPS = { all: KINDS, closings: CLOSINGS, warnings: WARNINGS } as const;
type Group = keyof typeof GROUPS;

/** What happened to accounts that fell short, as it happens. */
export default function LiquidationsPage() {
  const { query } = useRoute();
  const account = query.get('account') ?? '';
  const group = (query.get('kind') ?? 'all') as Group;
  const kinds: readonly string[] = GROUPS[group] ?? GROUPS.all;
  const valid = /^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(account);
  const { selected } = useSelectedAccount();
  const feed = useEvents(kinds, valid ? account : undefined);
  const now = useNow();
  const names = useNames();
  const choose = (next: { account?: string; kind?: Group }) => {
    const wanted = { account: next.account ?? account, kind: next.kind ?? group };
    const rest = Object.entries(wanted).filter(([, v]) => v !== '' && v !== 'all');
    go('liquidations', [], rest.length > 0 ? Object.fromEntries(rest) : undefined);
  };
  return (
    <div className="stack">
      <PageHead
        title="Liquidations"
        note="Accounts below their maintenance margin are closed in steps, by anybody, without permission. Everything that was taken is here."
        actions={<StreamChip state={feed.stream} />}
      />
      <Card flush>
        <div className="filters">
          <Segmented
            label="What is shown"
            options={[
              { key: 'all', title: 'All' },
              { key: 'closings', title: 'Closings' },
              { key: 'warnings', title: 'Warnings' },
            ]}
            value={group}
            onChange={(kind) => choose({ kind })}
          />
          <Field
            label="Margin account"
            placeholder="All accounts"
            spellCheck={false}
            autoComplete="off"
            value={account}
            error={account !== '' && !valid ? 'That is no address.' : undefined}
            onChange={(e) => choose({ account: e.target.value.trim() })}
          />
          {selected && account !== selected.address && (
            <Button size="small" onClick={() => choose({ account: selected.address })}>
              Mine only
            </Button>
          )}
          {account !== '' && (
            <Button size="small" look="quiet" onClick={() => choose({ account: '' })}>
              All accounts
            </Button>
          )}
        </div>
        {feed.error && (
          <div className="feed-problem">
            <ApiProblem error={feed.error} again={feed.again} what={feed.data ? 'The newest events' : 'The feed'} />
          </div>
        )}
        {feed.data ? (
          <Feed events={feed.data} names={names} now={now} filtered={valid} />
        ) : (
          !feed.error && <Skeleton lines={6} />
        )}
        {feed.older && (
          <div className="feed-more">
            <Button size="small" onClick={feed.older}>
              Older
            </Button>
          </div>
        )}
      </Card>
    </div>
  );
}

/** Names of assets and markets for the words of the feed. */
function useNames(): Names {
  const { config } = useChain();
  return useMemo(() => {
    const asset = (index: number) => {
      const found = config.assets.find((a) => a.index === index);
      return { symbol: found?.symbol ?? `asset ${index}`, decimals: found?.decimals ?? 0 };
    };
    return {
      asset,
      market: (index) => {
        const found = config.markets.find((m) => m.index === index);
        return { symbol: found?.symbol ?? `market ${index}`, decimals: found ? asset(found.asset).decimals : 0 };
      },
    };
  }, [config]);
}

function StreamChip({ state }: { state: StreamState }) {
  const words = state.kind === 'live' ? 'Live' : state.kind === 'connecting' ? 'Connecting' : 'Not live';
  return (
    <span className="row small" role="status">
      <span className={`live-dot ${state.kind === 'live' ? '' : state.kind}`} aria-hidden="true" />
      {words}
      {state.kind === 'down' && (
        <button type="button" className="link" onClick={stream.retry}>
          Connect now
        </button>
      )}
    </span>
  );
}

interface FeedProps {
  events: readonly HouseEvent[];
  names: Names;
  now: number;
  filtered: boolean;
}

function Feed({ events, names, now, filtered }: FeedProps) {
  // What came after the page was opened is marked as it arrives.
  const newest = useRef<number>(undefined);
  useEffect(() => {
    newest.current = Math.max(newest.current ?? 0, events[0]?.id ?? 0);
  }, [events]);
  const told = events.flatMap((event) => {
    const story = describe(event, names);
    return story ? [{ event, story }] : [];
  });
  if (told.length === 0) {
    return filtered ? (
      <Empty title="Nothing has happened to this account">It was never found short.</Empty>
    ) : (
      <Empty title="Nobody has fallen short">
        When an account falls below its maintenance margin, it appears here within a second.
      </Empty>
    );
  }
  return (
    <ul className="feed" aria-label="Events, newest first">
      {told.map(({ event, story }) => (
        <Entry
          key={event.id}
          event={event}
          story={story}
          now={now}
          fresh={newest.current !== undefined && event.id > newest.current}
        />
      ))}
    </ul>
  );
}

function Entry(props: { event: HouseEvent; story: Story; now: number; fresh: boolean }) {
  const { event, story, now, fresh } = props;
  const health = change(story);
  return (
    <li className={fresh ? 'fresh' : undefined}>
      <time className="small faint num" dateTime={new Date(event.t * 1000).toISOString()} title={clock(event.t)}>
        {ago(event.t, now)}
      </time>
      <span>
        <Badge tone={story.tone}>{story.title}</Badge>
      </span>
      <div className="feed-what">
        {story.lines.map((line, at) => (
          <span key={at}>{line}</span>
        ))}
        <span className="small muted">
          <a className="mono" href={href('liquidations', [], { account: story.account })} title={story.account}>
            {shortAddress(story.account)}
          </a>
          {story.by && (
            <>
              {' '}
              by {story.by.role}{' '}
              <span className="mono" title={story.by.address}>
                {shortAddress(story.by.address)}
              </span>
            </>
          )}
          {' · '}
          <Transaction signature={event.signature} />
        </span>
      </div>
      <div className="feed-side">
        {story.penalty !== undefined && (
          <span className="num">
            {quote(story.penalty)} <span className="small faint">penalty</span>
          </span>
        )}
        {story.insurance !== undefined && story.insurance > 0n && (
          <span className="small faint num">{quote(story.insurance)} to insurance</span>
        )}
        {health && <span className="small muted num">{health} of MM</span>}
      </div>
    </li>
  );
}

/** A transaction in the explorer that knows its cluster; on a local one there is nothing to link, so it is copied. */
function Transaction({ signature }: { signature: string }) {
  const { config } = useChain();
  const [copied, setCopied] = useState(false);
  if (config.cluster !== 'localnet') {
    const cluster = config.cluster.startsWith('mainnet') ? '' : `?cluster=${config.cluster}`;
    return (
      <a href={`https://explorer.solana.com/tx/${signature}${cluster}`} target="_blank" rel="noreferrer">
        transaction
      </a>
    );
  }
  const copy = () =>
    void navigator.clipboard?.writeText(signature).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1_500);
    });
  return (
    <button type="button" className="link" title={signature} onClick={copy}>
      {copied ? 'copied' : 'copy transaction'}
    </button>
  );
}
