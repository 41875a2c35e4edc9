import {
  getAcceptGovernanceInstruction,
  getClearinghouseDecoder,
  getProposalDecoder,
  getProposeGovernanceInstruction,
  getProposeRoleInstruction,
  getRemoveRoleInstruction,
  type Clearinghouse,
} from '@ballast/client';
import type { Address } from '@solana/kit';
import { useState } from 'react';
import { NOBODY } from '../../chain/delegate';
import { useChain } from '../../chain/rpc';
import { CheckField, Dialog, Field, Problem } from '../../ui';
import { clock, duration, shortAddress } from '../../ui/format';
import { Act } from '../parts/act';
import { typedAddress } from '../parts/address';
import { BeforeAfter } from '../parts/beforeAfter';
import { DELAYS } from './parameters';
import { ROLES } from './proposals';

interface Props {
  house: Clearinghouse;
  onClose: () => void;
  onSent: () => void;
}

const named = (key: string): string => (key === NOBODY ? 'nobody' : shortAddress(key));

/** A field for the key that is to be named, and why what was typed cannot be. */
function useKey(taken: Address, what: string) {
  const [text, setText] = useState('');
  const typed = typedAddress(text);
  const key = typeof typed === 'string' ? typed : undefined;
  const error =
    typeof typed === 'object'
      ? typed.error
      : key === taken
        ? `That is the ${what} already.`
        : key === NOBODY
          ? 'That is the key of nobody.'
          : undefined;
  const field = (
    <Field
      label="Address"
      value={text}
      className="mono"
      autoComplete="off"
      spellCheck={false}
      error={error}
      onChange={(e) => setText(e.target.value)}
    />
  );
  return { key: error ? undefined : key, field };
}

/** Announces who shall hold a role. */
export function ProposeRoleDialog({ role, house, onClose, onSent }: Props & { role: number }) {
  const { deployment } = useChain();
  const { field, name, removable } = ROLES[role]!;
  const holder = house[field];
  const [nobody, setNobody] = useState(false);
  const typed = useKey(holder, name.toLowerCase());
  const key = nobody ? (NOBODY as Address) : typed.key;
  return (
    <Dialog title={`Propose another ${name.toLowerCase()}`} open onClose={onClose}>
      <div className="stack">
        {!nobody && typed.field}
        {!removable && holder !== NOBODY && (
          <CheckField
            label="Nobody"
            hint="Without reports depth fades to its floor, which raises everybody’s maintenance margin: so it waits, too."
            checked={nobody}
            onChange={() => setNobody(!nobody)}
          />
        )}
        <p className="small muted">
          It is announced for {duration(DELAYS.role)}, in which the guardian may cancel it; then
          anybody may carry it out, for {duration(DELAYS.life)}. It is void where the role has
          changed hands meanwhile.
        </p>
        <Act
          label="Propose"
          done={`Another ${name.toLowerCase()} was proposed`}
          draft={key && `role ${role} ${key} ${house.proposals}`}
          make={async (governance) => {
            const proposal = await deployment.proposal(house.proposals);
            const { clearinghouse } = deployment;
            const parts = {
              payer: governance,
              governance,
              clearinghouse,
              proposal,
              role,
              key: key!,
            };
            return { instructions: [getProposeRoleInstruction(parts)], look: [proposal] };
          }}
          preview={({ after: [bytes] }) => {
            if (!bytes) return null;
            const { id, readyAt } = getProposalDecoder().decode(bytes);
            return (
              <BeforeAfter
                caption="The role before and after"
                rows={[
                  { label: name, before: named(holder), after: named(key!) },
                  {
                    label: `By proposal #${id}`,
                    before: '',
                    after: `from ${clock(Number(readyAt))}`,
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

/** Takes a role away, at once. */
export function RemoveRoleDialog({ role, house, onClose, onSent }: Props & { role: number }) {
  const { clearinghouse } = useChain().deployment;
  const { field, name, duty } = ROLES[role]!;
  return (
    <Dialog title={`Remove the ${name.toLowerCase()}`} open onClose={onClose}>
      <div className="stack">
        <p>
          <span className="mono breakable">{house[field]}</span> loses the role at once. Nobody{' '}
          {duty} then, until another is proposed and {duration(DELAYS.role)} have passed.
        </p>
        <Act
          label={`Remove the ${name.toLowerCase()}`}
          look="danger"
          done={`The ${name.toLowerCase()} was removed`}
          draft={`remove ${role} ${house[field]}`}
          make={async (governance) => ({
            instructions: [getRemoveRoleInstruction({ governance, clearinghouse, role })],
            look: [clearinghouse],
          })}
          preview={({ after: [bytes] }) =>
            bytes && (
              <BeforeAfter
                caption="The role before and after"
                rows={[
                  {
                    label: name,
                    before: named(house[field]),
                    after: named(getClearinghouseDecoder().decode(bytes)[field]),
                  },
                ]}
              />
            )
          }
          onDone={onSent}
        />
      </div>
    </Dialog>
  );
}

/** Names who may take governance over, or takes the name back. */
export function HandOverDialog({ house, now, onClose, onSent }: Props & { now: number }) {
  const { clearinghouse } = useChain().deployment;
  const waits = house.nextGovernance !== NOBODY;
  const [back, setBack] = useState(false);
  const typed = useKey(house.governance, 'governance key');
  const next = back ? (NOBODY as Address) : typed.key;
  return (
    <Dialog title="Hand governance over" open onClose={onClose}>
      <div className="stack">
        {waits && (
          <>
            <Problem tone="info" title={`${shortAddress(house.nextGovernance)} is named already`}>
              Naming another starts the delay again.
            </Problem>
            <CheckField
              label="Take the name back, and name nobody"
              checked={back}
              onChange={() => setBack(!back)}
            />
          </>
        )}
        {!back && typed.field}
        {!back && (
          <p className="small muted">
            The successor accepts by its own signature, {duration(DELAYS.role)} from now at the
            earliest and within the {duration(DELAYS.life)} that follow. With that your key has no
            say any more.
          </p>
        )}
        <Act
          label={back ? 'Take the name back' : 'Name the successor'}
          look={back ? 'primary' : 'danger'}
          done={back ? 'Nobody is named any more' : 'A successor was named'}
          draft={next && `hand over ${next} ${house.nextGovernance}`}
          make={async (governance) => ({
            instructions: [
              getProposeGovernanceInstruction({ governance, clearinghouse, next: next! }),
            ],
            look: [clearinghouse],
          })}
          preview={({ after: [bytes] }) =>
            bytes && <Change before={house} bytes={bytes} now={now} />
          }
          onDone={onSent}
        />
      </div>
    </Dialog>
  );
}

/** The successor takes over. */
export function AcceptDialog({ house, now, onClose, onSent }: Props & { now: number }) {
  const { clearinghouse } = useChain().deployment;
  return (
    <Dialog title="Accept governance" open onClose={onClose}>
      <div className="stack">
        <p>
          Your wallet becomes the governance of this house, in the place of{' '}
          <span className="mono breakable">{house.governance}</span>.
        </p>
        <Act
          label="Accept governance"
          done="You are the governance now"
          draft={`accept ${house.nextGovernance}`}
          make={async (nextGovernance) => ({
            instructions: [getAcceptGovernanceInstruction({ nextGovernance, clearinghouse })],
            look: [clearinghouse],
          })}
          preview={({ after: [bytes] }) =>
            bytes && <Change before={house} bytes={bytes} now={now} />
          }
          onDone={onSent}
        />
      </div>
    </Dialog>
  );
}

/** Governance and its successor, as the program would leave them. */
function Change({ before, bytes, now }: { before: Clearinghouse; bytes: Uint8Array; now: number }) {
  const after = getClearinghouseDecoder().decode(bytes);
  const from = (house: Clearinghouse) => {
    if (house.nextGovernance === NOBODY) return '–';
    const at = Number(house.nextGovernanceFrom);
    return at > now ? `from ${clock(at)}` : 'now';
  };
  const rows: [string, (house: Clearinghouse) => string][] = [
    ['Governance', (house) => named(house.governance)],
    ['Successor', (house) => named(house.nextGovernance)],
    ['May accept', from],
  ];
  return (
    <BeforeAfter
      caption="Governance before and after"
      rows={rows.map(([label, of]) => ({ label, before: of(before), after: of(after) }))}
    />
  );
}
