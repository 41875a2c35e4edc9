import type { Address } from '@solana/kit';
import type { MarginAccount } from '@ballast/client';
import { useState } from 'react';
import { setDelegate, type DelegateTerms } from '../../chain/actions';
import { decodeMarginAccount, useStanding } from '../../chain/accounts';
import { NOBODY, POWERS, powersText } from '../../chain/delegate';
import { useNow } from '../../chain/hooks';
import {
  Badge,
  Button,
  Card,
  CheckField,
  Dialog,
  Field,
  FieldGroup,
  Problem,
  SelectField,
} from '../../ui';
import { clock, duration, shortAddress } from '../../ui/format';
import { Act } from '../parts/act';
import { typedAddress } from '../parts/address';
import { BeforeAfter } from '../parts/beforeAfter';
import '../parts/parts.css';

interface Props {
  address: Address;
  account: MarginAccount;
}

const endText = (until: number): string => (until === 0 ? 'no end' : clock(until));

/** Until when, as people say it. */
function untilText(until: number, now: number): string {
  if (until === 0) return 'no end';
  return until > now
    ? `${clock(until)}, for another ${duration(until - now)}`
    : `over since ${clock(until)}`;
}

/** Who else may act on the account; its owner names and revokes. */
export function Delegate({ address, account }: Props) {
  const now = useNow();
  const owns = useStanding(account).as === 'owner';
  const [asking, setAsking] = useState<'name' | 'revoke'>();
  const named = account.delegate !== NOBODY;
  const until = Number(account.delegateUntil);
  const close = () => setAsking(undefined);
  return (
    <Card
      title="Delegate"
      actions={
        owns && (
          <>
            <Button size="small" look="quiet" onClick={() => setAsking('name')}>
              {named ? 'Change' : 'Name a delegate'}
            </Button>
            {named && (
              <Button size="small" look="danger" onClick={() => setAsking('revoke')}>
                Revoke
              </Button>
            )}
          </>
        )
      }
    >
      {named ? (
        <dl className="facts">
          <div>
            <dt>Who</dt>
            <dd className="mono" title={account.delegate}>
              {shortAddress(account.delegate)}
            </dd>
          </div>
          <div>
            <dt>May</dt>
            <dd>
              <Powers powers={account.delegatePowers} />
            </dd>
          </div>
          <div>
            <dt>Until</dt>
            <dd className={until !== 0 && until <= now ? 'warn' : 'num'}>
              {untilText(until, now)}
            </dd>
          </div>
        </dl>
      ) : (
        <p className="muted">
          Only its owner acts on this account. A delegate, a venue or a hot wallet, may be given
          powers for a time; it never withdraws, transfers or changes a setting.
        </p>
      )}
      <Dialog
        title={named ? 'Change the delegate' : 'Name a delegate'}
        open={asking === 'name'}
        onClose={close}
      >
        <NameForm address={address} account={account} onDone={close} />
      </Dialog>
      <Dialog title="Revoke the delegate" open={asking === 'revoke'} onClose={close}>
        <div className="stack">
          <p>
            <span className="mono breakable">{account.delegate}</span> may do nothing more on this
            account from then on. Requests to trade that it has made stay, and you may take them
            back.
          </p>
          <Act
            label="Revoke"
            look="danger"
            done="The delegate was revoked"
            draft={`revoke ${address} ${account.delegate}`}
            make={async (owner) => ({
              instructions: setDelegate(owner, address, {
                delegate: NOBODY as Address,
                powers: 0,
                until: 0,
              }),
              look: [address],
            })}
            preview={({ after }) => <After bytes={after[0]} before={account} />}
            onDone={close}
          />
        </div>
      </Dialog>
    </Card>
  );
}

function Powers({ powers }: { powers: number }) {
  const given = POWERS.filter(({ bit }) => (powers & bit) !== 0);
  if (given.length === 0) return <span className="faint">nothing</span>;
  return (
    <span className="row end wrap">
      {given.map(({ key, title, text }) => (
        <Badge key={key} title={text}>
          {title.toLowerCase()}
        </Badge>
      ))}
    </span>
  );
}

const HOUR = 3_600;
const DAY = 24 * HOUR;
const LENGTHS = [
  { key: String(HOUR), title: 'An hour' },
  { key: String(DAY), title: 'A day' },
  { key: String(7 * DAY), title: 'A week' },
  { key: String(30 * DAY), title: '30 days' },
  { key: 'date', title: 'Until a date' },
  { key: 'never', title: 'Without an end' },
] as const;

/** A moment as the browser's own field for it writes it, in the reader's zone. */
function dateText(time: number): string {
  const zone = new Date(time * 1000).getTimezoneOffset() * 60;
  return new Date((time - zone) * 1000).toISOString().slice(0, 16);
}

function NameForm({ address, account, onDone }: Props & { onDone: () => void }) {
  const now = useNow();
  const named = account.delegate !== NOBODY;
  const [text, setText] = useState(named ? account.delegate : '');
  const [powers, setPowers] = useState(named ? account.delegatePowers : 3);
  const [length, setLength] = useState<string>(String(7 * DAY));
  const [date, setDate] = useState(() => dateText(now + 7 * DAY));
  const key = typedAddress(text);
  const delegate = typeof key === 'string' ? key : undefined;
  const typed = Math.floor(new Date(date).getTime() / 1000);
  const badDate =
    length === 'date' && !(typed > now) ? 'Give a time that is still to come.' : undefined;
  const complaint =
    typeof key === 'object'
      ? key.error
      : delegate === account.owner
        ? 'That is the owner, who may do everything already.'
        : delegate === NOBODY
          ? 'That is the key of nobody: revoke the delegate instead.'
          : undefined;
  const ready = delegate !== undefined && !complaint && powers !== 0 && !badDate;
  const until = () => (length === 'never' ? 0 : length === 'date' ? typed : now + Number(length));
  const trades = (powers & 1) !== 0;
  const reduces = (powers & 2) !== 0;
  return (
    <div className="stack">
      <Field
        label="Address of the delegate"
        value={text}
        className="mono"
        autoComplete="off"
        spellCheck={false}
        error={complaint}
        onChange={(e) => setText(e.target.value)}
      />
      <FieldGroup label="It may" error={powers === 0 ? 'Give it at least one power.' : undefined}>
        {POWERS.map((power) => (
          <CheckField
            key={power.key}
            label={power.title}
            hint={power.text}
            checked={(powers & power.bit) !== 0}
            onChange={() => setPowers(powers ^ power.bit)}
          />
        ))}
      </FieldGroup>
      {trades && !reduces && (
        <Problem tone="warn" title="It could open positions and not close them">
          Trade alone does not let it shrink a position. A venue needs both.
        </Problem>
      )}
      <SelectField label="For" value={length} onChange={(e) => setLength(e.target.value)}>
        {LENGTHS.map((each) => (
          <option key={each.key} value={each.key}>
            {each.title}
          </option>
        ))}
      </SelectField>
      {length === 'date' && (
        <Field
          label="Until"
          type="datetime-local"
          value={date}
          error={badDate}
          onChange={(e) => setDate(e.target.value)}
        />
      )}
      <p className="small faint">
        It never withdraws, transfers, closes the account, changes a setting or names another
        delegate. What it loses in trades is yours: give the key only to whom you would let trade
        with all of it.
      </p>
      <Act
        label={named ? 'Change the delegate' : 'Name this delegate'}
        done={named ? 'The delegate was changed' : 'The delegate was named'}
        draft={
          ready
            ? `delegate ${address} ${delegate} ${powers} ${length} ${length === 'date' ? typed : ''}`
            : undefined
        }
        make={async (owner) => {
          const terms: DelegateTerms = { delegate: delegate!, powers, until: until() };
          return { instructions: setDelegate(owner, address, terms), look: [address] };
        }}
        preview={({ after }) => <After bytes={after[0]} before={account} />}
        onDone={onDone}
      />
    </div>
  );
}

/** What the program has made of it, by simulation. */
function After({ bytes, before }: { bytes: Uint8Array | null | undefined; before: MarginAccount }) {
  if (!bytes) return null;
  const account = decodeMarginAccount(bytes);
  const nobody = (of: MarginAccount) => of.delegate === NOBODY;
  const rows: [string, (of: MarginAccount) => string][] = [
    ['Delegate', (of) => (nobody(of) ? 'nobody' : shortAddress(of.delegate))],
    ['May', (of) => (nobody(of) ? '–' : powersText(of.delegatePowers))],
    ['Until', (of) => (nobody(of) ? '–' : endText(Number(of.delegateUntil)))],
  ];
  return (
    <BeforeAfter
      caption="The delegate before and after"
      rows={rows.map(([label, of]) => ({ label, before: of(before), after: of(account) }))}
    />
  );
}
