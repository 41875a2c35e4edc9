import type { Address } from '@solana/kit';
import type { MarginAccount } from '@ballast/client';
import { useEffect, useState } from 'react';
import { setAlerts } from '../../chain/actions';
import { useStanding } from '../../chain/accounts';
import { useEvents } from '../../api/hooks';
import { integer, number } from '../../api/decode';
import type { HouseEvent } from '../../api/client';
import { useNow } from '../../chain/hooks';
import { ProblemNotice } from '../../tx/Review';
import { useSend } from '../../tx/useSend';
import { Badge, Button, Card, Field, useToast } from '../../ui';
import { ago, fixed, health, healthPercent } from '../../ui/format';
import { useWallet } from '../../wallet/context';

const KINDS = ['AlertRaised', 'AlertCleared', 'FoundShort', 'Recovered'] as const;
const MOST = 4;
const SUGGESTED = [200, 150, 120];

/** What an alert's event says; nothing where it is written in another way than this reads. */
function said(event: HouseEvent): { title: string; tone: 'bad' | 'warn' | 'good' } | undefined {
  try {
    const at = health(
      healthPercent(integer(event.data.equity, 'equity'), integer(event.data.maintenance, 'maintenance')),
    );
    switch (event.kind) {
      case 'AlertRaised':
        return { title: `Health fell through level ${number(event.data.level, 'level')}, to ${at}`, tone: 'warn' };
      case 'AlertCleared':
        return { title: `Health is back at ${at}`, tone: 'good' };
      case 'FoundShort':
        return { title: `Found below maintenance margin, at ${at}`, tone: 'bad' };
      default:
        return { title: `Recovered, at ${at}`, tone: 'good' };
    }
  } catch {
    return undefined;
  }
}

/** Levels that the account's owner has set on the chain, and what they have announced. */
export function Alerts({ address, account }: { address: Address; account: MarginAccount }) {
  const { signer } = useWallet();
  const owns = useStanding(account).as === 'owner';
  const now = useNow();
  const feed = useEvents(KINDS, address);
  const toast = useToast();
  const sending = useSend();
  const [editing, setEditing] = useState(false);
  const levels = account.alertBps.filter((b) => b > 0).map((b) => b / 100);

  // What comes while one looks is said aloud once.
  const [seen, setSeen] = useState<number>();
  const newest = feed.data?.[0];
  useEffect(() => {
    if (!feed.data) return;
    if (seen !== undefined && newest && newest.id > seen) {
      const words = said(newest);
      if (words) toast({ tone: words.tone, title: words.title });
    }
    setSeen(newest?.id ?? 0);
  }, [newest?.id, feed.data === undefined]);

  return (
    <Card
      title="Alerts"
      actions={
        owns &&
        !editing && (
          <Button size="small" look="quiet" disabled={!signer} onClick={() => setEditing(true)}>
            {levels.length === 0 ? 'Set levels' : 'Change'}
          </Button>
        )
      }
    >
      <div className="stack-s">
        {editing ? (
          <LevelForm
            levels={levels.length === 0 ? SUGGESTED : levels}
            busy={sending.busy}
            step={sending.step}
            onCancel={() => setEditing(false)}
            onSave={(chosen) =>
              void sending
                .send(chosen.length === 0 ? 'Alerts are off' : 'Alert levels set', (by) =>
                  setAlerts(by, address, chosen),
                )
                .then((signature) => signature && setEditing(false))
            }
          />
        ) : levels.length === 0 ? (
          <p className="muted">
            No levels are set. With levels, anybody who touches your account announces on the chain that its
            health fell through one.
          </p>
        ) : (
          <ul className="row" aria-label="Alert levels, percent of maintenance margin">
            {levels.map((level, i) => (
              <li key={level}>
                <Badge tone={i < account.alert ? 'warn' : 'plain'}>
                  {fixed(level, level % 1 === 0 ? 0 : 2)} %{i < account.alert ? ' · below' : ''}
                </Badge>
              </li>
            ))}
          </ul>
        )}
        {sending.problem && <ProblemNotice problem={sending.problem} />}
        {feed.data && feed.data.length > 0 && (
          <ol className="events">
            {feed.data.slice(0, 5).map((event) => {
              const words = said(event);
              return (
                <li key={event.id}>
                  <span className={words?.tone ?? ''}>{words?.title ?? event.kind}</span>
                  <span className="small faint">{ago(event.t, now)}</span>
                </li>
              );
            })}
          </ol>
        )}
        {feed.error && !feed.data && (
          <p className="small faint">Past alerts are not known: {feed.error.message}</p>
        )}
      </div>
    </Card>
  );
}

function LevelForm({
  levels,
  busy,
  step,
  onSave,
  onCancel,
}: {
  levels: readonly number[];
  busy: boolean;
  step?: string;
  onSave: (levels: number[]) => void;
  onCancel: () => void;
}) {
  const [texts, setTexts] = useState(() =>
    Array.from({ length: MOST }, (_, i) => (levels[i] === undefined ? '' : String(levels[i]))),
  );
  const numbers = texts.filter((t) => t.trim() !== '').map(Number);
  const wrong = numbers.some((n) => !Number.isFinite(n) || n <= 100 || n > 655);
  const twice = new Set(numbers).size !== numbers.length;
  const error = wrong
    ? 'Levels are percent of maintenance margin, above 100 and up to 655.'
    : twice
      ? 'Each level stands once.'
      : undefined;
  return (
    <form
      className="stack-s"
      onSubmit={(e) => {
        e.preventDefault();
        if (!error) onSave(numbers);
      }}
    >
      <p className="small muted">Percent of maintenance margin at which to be told; empty for none.</p>
      <div className="levels">
        {texts.map((text, i) => (
          <Field
            key={i}
            label={`Level ${i + 1}`}
            value={text}
            inputMode="decimal"
            suffix="%"
            onChange={(e) => setTexts(texts.map((t, j) => (j === i ? e.target.value : t)))}
          />
        ))}
      </div>
      {error && (
        <p className="field-error" role="alert">
          {error}
        </p>
      )}
      <div className="row">
        <Button type="submit" look="primary" size="small" busy={busy} disabled={!!error}>
          {step ?? 'Save levels'}
        </Button>
        <Button size="small" look="quiet" disabled={busy} onClick={onCancel}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
