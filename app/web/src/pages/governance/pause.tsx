import {
  getLiftPauseInstruction,
  getPauseInstruction,
  readBoardHeader,
  type BoardView,
  type Clearinghouse,
} from '@ballast/client';
import { useState } from 'react';
import { NOBODY } from '../../chain/delegate';
import { useChain } from '../../chain/rpc';
import { Badge, Button, CheckField, Dialog, Field, FieldGroup, SelectField } from '../../ui';
import { clock, duration } from '../../ui/format';
import { Act } from '../parts/act';
import { BeforeAfter } from '../parts/beforeAfter';
import type { Books } from './books';
import { complaintOf, longestOf, pauseArgs, pausedNow, PAUSES } from './pauses';
import { Key } from './roles';

interface Props {
  house: Clearinghouse;
  header: BoardView['header'];
  roles: Books['roles'];
  now: number;
}

/** What is paused now, what may be paused again when, and the guardian's forms for it. */
export function Pauses({ house, header, roles, now }: Props) {
  const { config, deployment } = useChain();
  const { clearinghouse, board } = deployment;
  const [asking, setAsking] = useState<'pause' | 'lift'>();
  const { on, until, kinds, names } = pausedNow(header, config, now);
  const close = () => setAsking(undefined);
  return (
    <div className="stack-s">
      <dl className="facts">
        {PAUSES.map(({ title }, kind) => {
          const rest = Number(house.nextPause[kind] ?? 0n) - now;
          return (
            <div key={title}>
              <dt>
                {title}
                {kind === 2 && kinds[2] && <span className="block small">{names.join(', ')}</span>}
              </dt>
              <dd>
                {kinds[kind] ? (
                  <Badge tone="warn">
                    <span className="num" title={clock(until)}>
                      ends in {duration(until - now)}
                    </span>
                  </Badge>
                ) : rest > 0 ? (
                  <span className="muted small num">not again for {duration(rest)}</span>
                ) : (
                  <span className="faint">not paused</span>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
      {roles.guardian && !on && (
        <div>
          <Button size="small" onClick={() => setAsking('pause')}>
            Pause…
          </Button>
        </div>
      )}
      {(roles.guardian || roles.governance) && on && (
        <div>
          <Button size="small" onClick={() => setAsking('lift')}>
            Lift the pause
          </Button>
        </div>
      )}
      {!roles.guardian && (
        <p className="small faint">
          {house.guardian === NOBODY ? (
            'Nobody is the guardian now, so nothing can be paused: governance proposes one.'
          ) : (
            <>
              The guardian, <Key address={house.guardian} />, pauses; it or governance lifts a pause
              early.
            </>
          )}
        </p>
      )}
      <Dialog title="Pause" open={asking === 'pause'} onClose={close}>
        <PauseForm house={house} header={header} now={now} onDone={close} />
      </Dialog>
      <Dialog title="Lift the pause" open={asking === 'lift'} onClose={close}>
        <div className="stack">
          <p>
            Everything goes on at once. The rest that is owed for it stays: the same cannot be
            paused again before{' '}
            {clock(
              Math.max(
                ...kinds.map((paused, kind) => (paused ? Number(house.nextPause[kind] ?? 0n) : 0)),
                now,
              ),
            )}
            .
          </p>
          <Act
            label="Lift"
            done="The pause was lifted"
            draft={`lift ${header.pauseUntil}`}
            make={async (authority) => ({
              instructions: [getLiftPauseInstruction({ authority, clearinghouse, board })],
              look: [board],
            })}
            preview={({ after }) => <After bytes={after[0]} before={header} now={now} />}
            onDone={close}
          />
        </div>
      </Dialog>
    </div>
  );
}

const UNITS = [
  { key: '60', title: 'minutes' },
  { key: '3600', title: 'hours' },
] as const;

function PauseForm({ house, header, now, onDone }: Omit<Props, 'roles'> & { onDone: () => void }) {
  const { config, deployment } = useChain();
  const { clearinghouse, board } = deployment;
  // What rests cannot be chosen, and so must not stand chosen.
  const [kinds, setKinds] = useState<readonly boolean[]>([Number(house.nextPause[0] ?? 0n) <= now, false, false]);
  const [assets, setAssets] = useState<readonly number[]>([]);
  const [markets, setMarkets] = useState<readonly number[]>([]);
  const [text, setText] = useState('1');
  const [unit, setUnit] = useState('3600');
  const choice = { kinds, assets, markets, seconds: Math.round(Number(text) * Number(unit)) };
  const complaint = complaintOf(choice, house, now);
  const rests = PAUSES.filter((_, kind) => kinds[kind]);
  const toggled = (list: readonly number[], index: number) =>
    list.includes(index) ? list.filter((i) => i !== index) : [...list, index];
  return (
    <div className="stack">
      <FieldGroup label="What">
        {PAUSES.map(({ title, text: meaning }, kind) => {
          const rest = Number(house.nextPause[kind] ?? 0n) - now;
          return (
            <CheckField
              key={title}
              label={title}
              hint={rest > 0 ? `It rests for another ${duration(rest)}.` : meaning}
              checked={kinds[kind] === true}
              disabled={rest > 0}
              onChange={() => setKinds(kinds.map((on, at) => (at === kind ? !on : on)))}
            />
          );
        })}
      </FieldGroup>
      {kinds[2] && (
        <div className="pair">
          <FieldGroup label="Assets">
            {config.assets.map((a) => (
              <CheckField
                key={a.index}
                label={a.symbol}
                checked={assets.includes(a.index)}
                onChange={() => setAssets(toggled(assets, a.index))}
              />
            ))}
          </FieldGroup>
          <FieldGroup label="Markets">
            {config.markets.map((m) => (
              <CheckField
                key={m.index}
                label={m.symbol}
                checked={markets.includes(m.index)}
                onChange={() => setMarkets(toggled(markets, m.index))}
              />
            ))}
          </FieldGroup>
        </div>
      )}
      <div className="pair">
        <Field
          label="For"
          inputMode="decimal"
          autoComplete="off"
          value={text}
          hint={`At most ${duration(longestOf(kinds))}`}
          onChange={(e) => setText(e.target.value)}
        />
        <SelectField label="Counted in" value={unit} onChange={(e) => setUnit(e.target.value)}>
          {UNITS.map((each) => (
            <option key={each.key} value={each.key}>
              {each.title}
            </option>
          ))}
        </SelectField>
      </div>
      {complaint ? (
        <p className="field-error" role="alert">
          {complaint}
        </p>
      ) : (
        <p className="small muted">
          It ends by itself in {duration(choice.seconds)}.{' '}
          {rests
            .map(
              ({ title, rest }) => `“${title}” then rests for ${duration(rest * choice.seconds)}.`,
            )
            .join(' ')}{' '}
          One pause stands at a time: while it does, no other can be begun.
        </p>
      )}
      <Act
        label="Pause"
        look="danger"
        done="Paused"
        draft={complaint ? undefined : `pause ${JSON.stringify(choice)}`}
        make={async (guardian) => ({
          instructions: [
            getPauseInstruction({ guardian, clearinghouse, board, ...pauseArgs(choice) }),
          ],
          look: [board],
        })}
        preview={({ after }) => <After bytes={after[0]} before={header} now={now} />}
        onDone={onDone}
      />
    </div>
  );
}

/** What the program has made of it, by simulation. */
function After({
  bytes,
  before,
  now,
}: {
  bytes: Uint8Array | null | undefined;
  before: BoardView['header'];
  now: number;
}) {
  const { config } = useChain();
  if (!bytes) return null;
  const [was, is] = [
    pausedNow(before, config, now),
    pausedNow(readBoardHeader(bytes), config, now),
  ];
  const said = (of: typeof was, kind: number) => {
    if (!of.kinds[kind]) return 'not paused';
    return kind === 2
      ? `${of.names.join(', ')}: ${duration(of.until - now)}`
      : `for ${duration(of.until - now)}`;
  };
  return (
    <BeforeAfter
      caption="Pauses before and after"
      rows={PAUSES.map(({ title }, kind) => ({
        label: title,
        before: said(was, kind),
        after: said(is, kind),
      }))}
    />
  );
}
