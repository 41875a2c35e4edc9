import {
  getGrantMandateInstruction,
  getMandateDecoder,
  getRevokeMandateInstruction,
  type Clearinghouse,
  type Mandate,
} from '@ballast/client';
import { useState, type ReactNode } from 'react';
import { NOBODY } from '../../chain/delegate';
import { useChain } from '../../chain/rpc';
import type { Found, ProgramAccounts } from '../../chain/programAccounts';
import { Button, Card, Dialog, Empty, Field, Problem, SelectField, Skeleton } from '../../ui';
import { ago, duration } from '../../ui/format';
import { Act } from '../parts/act';
import { BeforeAfter } from '../parts/beforeAfter';
import { mandateIn, valueIn, type Books } from './books';
import {
  DELAYS,
  PARAMETERS,
  parse,
  say,
  step,
  unitOf,
  type Parameter,
  type Target,
} from './parameters';

interface Props {
  found: ProgramAccounts<Mandate> & { refresh: () => void };
  books: Books;
  house: Clearinghouse;
  now: number;
}

/** What the steward may move, between which values; governance grants and revokes. */
export function Mandates({ found, books, house, now }: Props) {
  const [granting, setGranting] = useState(false);
  const [revoking, setRevoking] = useState<Found<Mandate>>();
  const { governance } = books.roles;
  const sent = () => {
    setGranting(false);
    setRevoking(undefined);
    found.refresh();
  };
  return (
    <Card
      title="Mandates of the steward"
      note="Between these values it moves a parameter by itself, at the pace of the table."
      flush
      actions={
        governance && (
          <Button size="small" onClick={() => setGranting(true)}>
            Grant a mandate
          </Button>
        )
      }
    >
      {found.state === 'loading' ? (
        <Skeleton lines={2} />
      ) : found.state === 'failed' ? (
        <div className="feed-problem">
          <Problem
            title="Mandates are not at hand"
            tone="warn"
            action={
              <Button size="small" onClick={found.refresh}>
                Try again
              </Button>
            }
          >
            They are found by getProgramAccounts, which this node refuses or does not answer.
          </Problem>
        </div>
      ) : found.accounts.length === 0 ? (
        <Empty title="No mandate stands">
          {house.steward === NOBODY
            ? 'Nobody is the steward now, and no parameter is mandated to one.'
            : 'The steward may move nothing until governance mandates a parameter to it.'}
        </Empty>
      ) : (
        <ul className="mandates">
          {found.accounts.map((mandate) => (
            <Entry key={mandate.address} mandate={mandate.value} books={books} now={now}>
              {governance && (
                <Button size="small" look="danger" onClick={() => setRevoking(mandate)}>
                  Revoke
                </Button>
              )}
            </Entry>
          ))}
        </ul>
      )}
      {!governance && (
        <p className="small faint card-inset">
          Governance grants mandates and revokes them, at once.
        </p>
      )}
      {granting && (
        <GrantDialog books={books} house={house} onClose={() => setGranting(false)} onSent={sent} />
      )}
      {revoking && (
        <RevokeDialog
          mandate={revoking}
          books={books}
          onClose={() => setRevoking(undefined)}
          onSent={sent}
        />
      )}
    </Card>
  );
}

/** A mandate in words. */
function described({ parameter: number, target, least, most }: Mandate, books: Books) {
  const parameter = PARAMETERS[Number(number)];
  if (!parameter) return { what: `Parameter ${number}`, between: `${least} – ${most}` };
  const token = books.token(parameter.target, target);
  return {
    what: `${parameter.title} of ${books.name(parameter.target, target)}`,
    between: `${say(parameter, least, token)} – ${say(parameter, most, token)}`,
  };
}

function Entry(props: { mandate: Mandate; books: Books; now: number; children: ReactNode }) {
  const { mandate, books, now, children } = props;
  const { what, between } = described(mandate, books);
  const used = Number(mandate.usedAt);
  return (
    <li>
      <span>
        <strong>{what}</strong>
        <span className="block small faint">
          {used === 0 ? 'not used yet' : `used ${ago(used, now)}`}
        </span>
      </span>
      <span className="num">{between}</span>
      {children}
    </li>
  );
}

function RevokeDialog(props: {
  mandate: Found<Mandate>;
  books: Books;
  onClose: () => void;
  onSent: () => void;
}) {
  const { mandate, books, onClose, onSent } = props;
  const { clearinghouse } = useChain().deployment;
  const { what, between } = described(mandate.value, books);
  return (
    <Dialog title="Revoke the mandate" open onClose={onClose}>
      <div className="stack">
        <p>
          The steward may not move <strong>{what}</strong> any more, which it may now between{' '}
          <span className="num">{between}</span>. What it has proposed already stays, and may be
          cancelled. The rent goes to your wallet.
        </p>
        <Act
          label="Revoke"
          look="danger"
          done="The mandate was revoked"
          draft={`revoke ${mandate.address}`}
          make={async (governance) => ({
            instructions: [
              getRevokeMandateInstruction({
                governance,
                clearinghouse,
                mandate: mandate.address,
                rentTo: governance.address,
              }),
            ],
          })}
          onDone={onSent}
        />
      </div>
    </Dialog>
  );
}

interface Place {
  key: string;
  target: Target;
  index: number;
  name: string;
}

/** Whose parameters there are: the house's, and of every asset, market and backstop. */
function usePlaces(books: Books): Place[] {
  const { config } = useChain();
  const place = (target: Target, index: number): Place => ({
    key: `${target} ${index}`,
    target,
    index,
    name: books.name(target, index),
  });
  return [
    place('house', 0),
    ...config.assets.map((a) => place('asset', a.index)),
    ...config.markets.map((m) => place('market', m.index)),
    ...config.markets.filter((m) => m.backstop).map((m) => place('backstop', m.index)),
  ];
}

function GrantDialog(props: {
  books: Books;
  house: Clearinghouse;
  onClose: () => void;
  onSent: () => void;
}) {
  const { books, house, onClose, onSent } = props;
  const { deployment } = useChain();
  const places = usePlaces(books);
  const [at, setAt] = useState('house 0');
  const [chosen, setChosen] = useState('');
  const [low, setLow] = useState('');
  const [high, setHigh] = useState('');
  const { target, index } = places.find((p) => p.key === at) ?? places[0]!;
  const rows = PARAMETERS.filter((p) => p.target === target && p.stewardBps > 0n);
  const parameter = rows.find((p) => p.name === chosen);
  const token = books.token(target, index);
  const stands = parameter && mandateIn(books, parameter, index) !== undefined;
  const bits = parameter?.unit === 'bits';
  const bound = (text: string, whole: bigint) =>
    bits ? whole : parameter && text !== '' ? parse(parameter, text, token) : undefined;
  const least = bound(low, 0n);
  const most = bound(high, 1n);
  const both = typeof least === 'bigint' && typeof most === 'bigint' ? { least, most } : undefined;
  const fieldError = (value: typeof least) =>
    typeof value === 'object'
      ? value.error
      : typeof value === 'bigint'
        ? boundsError(parameter!, value, token)
        : undefined;
  const crossed = both && both.least > both.most ? 'The least is above the most.' : undefined;
  const ready = parameter && !stands && both && !crossed && !fieldError(least) && !fieldError(most);
  const current = parameter && valueIn(books, parameter, index);
  const { suffix } = parameter ? unitOf(parameter, token) : { suffix: '' };
  const worded = (value: bigint) => say(parameter!, value, token);
  return (
    <Dialog title="Grant a mandate" open onClose={onClose}>
      <div className="stack">
        {house.steward === NOBODY && (
          <Problem tone="info" title="Nobody is the steward now">
            The mandate stands, and is used once somebody has the role.
          </Problem>
        )}
        <SelectField
          label="Whose parameter"
          value={at}
          onChange={(e) => {
            setAt(e.target.value);
            setChosen('');
          }}
        >
          {places.map((p) => (
            <option key={p.key} value={p.key}>
              {p.name === 'the house' ? 'The house' : p.name}
            </option>
          ))}
        </SelectField>
        <SelectField
          label="Parameter"
          value={chosen}
          error={stands ? 'It is mandated already: revoke that mandate first.' : undefined}
          hint={
            parameter
              ? `${parameter.docs} The steward’s step, once in ${duration(DELAYS.steward)}: ${step(parameter, token, true)}.`
              : 'Those that the program lets a steward move at all.'
          }
          onChange={(e) => {
            setChosen(e.target.value);
            setLow('');
            setHigh('');
          }}
        >
          <option value="">Choose</option>
          {rows.map((p) => (
            <option key={p.name} value={p.name}>
              {p.title}
            </option>
          ))}
        </SelectField>
        {parameter && !bits && (
          <div className="pair">
            <Field
              label="Not below"
              inputMode="decimal"
              autoComplete="off"
              value={low}
              suffix={suffix}
              error={fieldError(least) ?? crossed}
              onChange={(e) => setLow(e.target.value)}
            />
            <Field
              label="Not above"
              inputMode="decimal"
              autoComplete="off"
              value={high}
              suffix={suffix}
              error={fieldError(most)}
              onChange={(e) => setHigh(e.target.value)}
            />
          </div>
        )}
        {bits && (
          <p className="small muted">
            The steward may restrict it to reducing, and lift that again.
          </p>
        )}
        {parameter &&
          current !== undefined &&
          both &&
          (current < both.least || current > both.most) && (
            <Problem tone="warn" title={`${worded(current)} stands now, outside of these bounds`}>
              The steward may move it into them, by its steps.
            </Problem>
          )}
        <Act
          label="Grant"
          done="The mandate was granted"
          draft={ready ? `grant ${parameter.name} ${index} ${both.least} ${both.most}` : undefined}
          make={async (governance) => {
            const mandate = await deployment.mandate(parameter!.index, index);
            const { clearinghouse } = deployment;
            const parts = { payer: governance, governance, clearinghouse, mandate };
            const terms = { parameter: parameter!.index, target: index, ...both! };
            return {
              instructions: [getGrantMandateInstruction({ ...parts, ...terms })],
              look: [mandate],
            };
          }}
          preview={({ after: [bytes] }) => {
            if (!bytes || !parameter) return null;
            const granted = getMandateDecoder().decode(bytes);
            return (
              <BeforeAfter
                caption="What the steward may do before and after"
                rows={[
                  {
                    label: parameter.title,
                    before: 'not at all',
                    after: `${worded(granted.least)} – ${worded(granted.most)}`,
                  },
                ]}
              />
            );
          }}
          onDone={onSent}
        />
      </div>
    </Dialog>
  );
}

function boundsError(
  parameter: Parameter,
  value: bigint,
  token: ReturnType<Books['token']>,
): string | undefined {
  if (value >= parameter.least && value <= parameter.most) return undefined;
  return `The code allows ${say(parameter, parameter.least, token)} to ${say(parameter, parameter.most, token)}.`;
}
