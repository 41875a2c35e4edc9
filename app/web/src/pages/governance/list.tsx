import { instructions, type Proposal } from '@ballast/client';
import { getAddressDecoder } from '@solana/kit';
import { useState } from 'react';
import { NOBODY } from '../../chain/delegate';
import { useStatus } from '../../chain/hooks';
import type { Found, ProgramAccounts } from '../../chain/programAccounts';
import { useChain } from '../../chain/rpc';
import { Badge, Button, Dialog, Empty, Problem, Skeleton } from '../../ui';
import { clock, duration, percent, shortAddress } from '../../ui/format';
import { Act } from '../parts/act';
import { valueIn, type Books } from './books';
import { DELAYS, say } from './parameters';
import { cancellers, mayCancel, parameterOf, ROLES, standing, type Standing } from './proposals';

interface Props {
  found: ProgramAccounts<Proposal> & { refresh: () => void };
  books: Books;
  now: number;
}

/** What was announced, newest first; what is over stands last. */
export function Proposals({ found, books, now }: Props) {
  const { slot } = useStatus();
  if (found.state === 'loading') return <Skeleton lines={4} />;
  if (found.state === 'failed') {
    return (
      <div className="feed-problem">
        <Problem
          title="The node does not list accounts"
          tone="warn"
          action={
            <Button size="small" onClick={found.refresh}>
              Try again
            </Button>
          }
        >
          Proposals are found by getProgramAccounts, which this node refuses or does not answer.
        </Problem>
      </div>
    );
  }
  const rows = found.accounts.map((account) => {
    const parameter = parameterOf(account.value);
    const current = parameter && valueIn(books, parameter, account.value.target);
    return { account, where: standing(account.value, { time: now, slot }, current) };
  });
  if (rows.length === 0) {
    return <Empty title="Nothing is proposed">What governance announces waits here, two days at the least.</Empty>;
  }
  const over = (where: Standing) => where.kind === 'done' || where.kind === 'expired';
  rows.sort(
    (a, b) => Number(over(a.where)) - Number(over(b.where)) || Number(b.account.value.id - a.account.value.id),
  );
  return (
    <ul className="proposals">
      {rows.map(({ account, where }) => (
        <Entry key={account.address} account={account} where={where} books={books} now={now} onSent={found.refresh} />
      ))}
    </ul>
  );
}

interface EntryProps {
  account: Found<Proposal>;
  where: Standing;
  books: Books;
  now: number;
  onSent: () => void;
}

function Entry({ account: { value: proposal }, where, books, now, onSent }: EntryProps) {
  const { deployment } = useChain();
  const [asking, setAsking] = useState<'apply' | 'cancel'>();
  const what = described(proposal, books);
  const carries = proposal.kind !== 1 && (where.kind === 'ripe' || (where.kind === 'ramping' && where.crankable));
  const cancels = mayCancel(proposal, where, books.roles);
  const close = () => setAsking(undefined);
  const sent = () => {
    close();
    onSent();
  };
  return (
    <li>
      <div className="spread">
        <div>
          <span className="faint num">#{proposal.id.toString()}</span> <strong>{what.title}</strong>{' '}
          <span className="muted">of {what.of}</span>
        </div>
        <StandingBadge where={where} />
      </div>
      <div className="proposal-change">{what.change}</div>
      <Waiting proposal={proposal} where={where} now={now} />
      <div className="spread small faint">
        <span>
          {proposal.bySteward ? 'by the steward, ' : ''}
          {nature(proposal)} announced {clock(Number(proposal.created))}
          {where.kind === 'done' || where.kind === 'expired' || cancels ? '' : `; ${cancellers(proposal)} may cancel it`}
        </span>
        <span className="row">
          {carries && (
            <Button size="small" look="primary" onClick={() => setAsking('apply')}>
              {where.kind === 'ramping' ? 'Move the ramp on' : 'Apply'}
            </Button>
          )}
          {cancels && (
            <Button size="small" look="danger" onClick={() => setAsking('cancel')}>
              {where.kind === 'done' || where.kind === 'expired' ? 'Close' : 'Cancel'}
            </Button>
          )}
        </span>
      </div>
      <Dialog title={`Proposal #${proposal.id}`} open={asking !== undefined} onClose={close}>
        <div className="stack">
          <p>
            <strong>{what.title}</strong> of {what.of}
          </p>
          <div className="proposal-change">{what.change}</div>
          <p className="muted">
            {asking === 'apply'
              ? 'Anybody may carry it out. The program checks its limits and the envelope again, and refuses where they do not hold.'
              : 'It ends, and its rent goes back to who paid it.'}
          </p>
          {asking === 'apply' && (
            <Act
              label={where.kind === 'ramping' ? 'Move the ramp on' : 'Apply'}
              done={`Proposal #${proposal.id} was carried out`}
              draft={`apply ${proposal.id}`}
              make={async () => ({ instructions: [await instructions.applyProposal(deployment, proposal)] })}
              onDone={sent}
            />
          )}
          {asking === 'cancel' && (
            <Act
              label="End the proposal"
              look="danger"
              done={`Proposal #${proposal.id} has ended`}
              draft={`cancel ${proposal.id}`}
              make={async (signer) => ({
                instructions: [await instructions.cancelProposal(deployment, proposal, signer)],
              })}
              onDone={sent}
            />
          )}
        </div>
      </Dialog>
    </li>
  );
}

const WORDS: Record<Standing['kind'], { text: string; tone: 'plain' | 'good' | 'warn' | 'bad' | 'info' }> = {
  waiting: { text: 'waiting', tone: 'info' },
  ripe: { text: 'ripe', tone: 'good' },
  ramping: { text: 'ramping', tone: 'good' },
  stale: { text: 'void: the value has changed', tone: 'warn' },
  done: { text: 'carried out', tone: 'plain' },
  expired: { text: 'expired', tone: 'plain' },
};

function StandingBadge({ where }: { where: Standing }) {
  const { text, tone } = WORDS[where.kind];
  const left =
    where.kind === 'waiting'
      ? ` ${duration(where.seconds)}`
      : where.kind === 'ripe'
        ? `, ${duration(where.seconds)} left`
        : '';
  return (
    <Badge tone={tone}>
      <span className="num">
        {text}
        {left}
      </span>
    </Badge>
  );
}

/** How much of the delay, or of the ramp, has passed. */
function Waiting({ proposal, where, now }: { proposal: Proposal; where: Standing; now: number }) {
  if (where.kind !== 'waiting' && where.kind !== 'ramping') return null;
  const delay = Number(proposal.readyAt - proposal.created);
  const share = where.kind === 'ramping' ? where.share : Math.min(1, (now - Number(proposal.created)) / (delay || 1));
  const what =
    where.kind === 'ramping'
      ? `${percent(where.share, 0)} of its ramp of ${duration(DELAYS.ramp)}; an hour a step at most`
      : `may be carried out from ${clock(Number(proposal.readyAt))}`;
  return (
    <div className="stack-s">
      <div className="progress" role="progressbar" aria-valuenow={Math.round(share * 100)} aria-label={what}>
        <span style={{ width: `${Math.max(0, share) * 100}%` }} />
      </div>
      <span className="small muted">{what}</span>
    </div>
  );
}

/** Why it waits. */
function nature({ kind, loosens, ramps }: Proposal): string {
  if (kind !== 0) return '';
  if (loosens) return 'takes protection away, ';
  return ramps ? 'ramps over a day, ' : 'has no safe direction, ';
}

/** What a proposal would do, in words. */
function described(proposal: Proposal, books: Books) {
  const parameter = parameterOf(proposal);
  if (parameter) {
    const token = books.token(parameter.target, proposal.target);
    const value = (of: bigint) => say(parameter, of, token);
    return {
      title: parameter.title,
      of: books.name(parameter.target, proposal.target),
      change: (
        <span className="num">
          {value(proposal.from)} → <strong>{value(proposal.to)}</strong>
          {proposal.at !== proposal.from && !proposal.done && <span className="muted"> (now {value(proposal.at)})</span>}
        </span>
      ),
    };
  }
  if (proposal.kind === 2) {
    const key = getAddressDecoder().decode(proposal.subject);
    return {
      title: `New ${ROLES[proposal.parameter]?.name.toLowerCase() ?? 'role'}`,
      of: 'the house',
      change: (
        <span className="mono" title={key}>
          {proposal.bound === NOBODY ? 'nobody' : shortAddress(proposal.bound)} →{' '}
          {key === NOBODY ? 'nobody' : shortAddress(key)}
        </span>
      ),
    };
  }
  const hash = [...proposal.subject].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return {
    title: 'Listing',
    of: 'what has this hash',
    change: (
      <span className="mono breakable small" title="SHA-256 of name, index, mint and arguments">
        {hash}
      </span>
    ),
  };
}
