import type { Clearinghouse } from '@ballast/client';
import type { Address } from '@solana/kit';
import { useState } from 'react';
import { NOBODY } from '../../chain/delegate';
import { useChain } from '../../chain/rpc';
import { Badge, Button } from '../../ui';
import { clock, duration, shortAddress } from '../../ui/format';
import { useWallet } from '../../wallet/context';
import type { Books } from './books';
import { DELAYS } from './parameters';
import { ROLES } from './proposals';
import { AcceptDialog, HandOverDialog, ProposeRoleDialog, RemoveRoleDialog } from './roleForms';

type Asking = { what: 'propose' | 'remove'; role: number } | { what: 'hand over' | 'accept' };

interface Props {
  house: Clearinghouse;
  roles: Books['roles'];
  now: number;
  onSent: () => void;
}

/** Who may do what, which of it the connected wallet is, and governance's forms for naming others. */
export function Roles({ house, roles, now, onSent }: Props) {
  const { config } = useChain();
  const { address } = useWallet();
  const [asking, setAsking] = useState<Asking>();
  const close = () => setAsking(undefined);
  const sent = () => {
    close();
    onSent();
  };
  return (
    <div className="stack-s">
      <ul className="roles">
        <li>
          <Held
            name="Governance"
            duty="lists, and moves parameters within the table"
            address={house.governance}
          />
          <Successor house={house} now={now} />
          <div className="row">
            {roles.governance && (
              <Button size="small" look="quiet" onClick={() => setAsking({ what: 'hand over' })}>
                {house.nextGovernance === NOBODY ? 'Hand over…' : 'Name another successor…'}
              </Button>
            )}
            {address !== undefined && address === house.nextGovernance && (
              <Button size="small" look="primary" onClick={() => setAsking({ what: 'accept' })}>
                Accept governance
              </Button>
            )}
          </div>
        </li>
        {ROLES.map(({ field, name, duty, removable }, role) => (
          <li key={field}>
            <Held name={name} duty={duty} address={house[field]} />
            {roles.governance && (
              <div className="row">
                <Button
                  size="small"
                  look="quiet"
                  aria-label={`Propose another ${name.toLowerCase()}`}
                  onClick={() => setAsking({ what: 'propose', role })}
                >
                  Propose another…
                </Button>
                {removable && house[field] !== NOBODY && (
                  <Button
                    size="small"
                    look="danger"
                    aria-label={`Remove the ${name.toLowerCase()}`}
                    onClick={() => setAsking({ what: 'remove', role })}
                  >
                    Remove
                  </Button>
                )}
              </div>
            )}
          </li>
        ))}
      </ul>
      {!roles.governance && (
        <p className="small faint">
          Governance names them, {duration(DELAYS.role)} before it counts; a steward or guardian it
          removes at once.
        </p>
      )}
      <p className="small faint">
        Clearinghouse{' '}
        <span className="mono" title={config.clearinghouse}>
          {shortAddress(config.clearinghouse)}
        </span>
      </p>
      {asking?.what === 'propose' && (
        <ProposeRoleDialog role={asking.role} house={house} onClose={close} onSent={sent} />
      )}
      {asking?.what === 'remove' && (
        <RemoveRoleDialog role={asking.role} house={house} onClose={close} onSent={sent} />
      )}
      {asking?.what === 'hand over' && (
        <HandOverDialog house={house} now={now} onClose={close} onSent={sent} />
      )}
      {asking?.what === 'accept' && (
        <AcceptDialog house={house} now={now} onClose={close} onSent={sent} />
      )}
    </div>
  );
}

function Held({ name, duty, address }: { name: string; duty: string; address: Address }) {
  const { address: wallet } = useWallet();
  return (
    <div className="spread">
      <div>
        <strong>{name}</strong>
        <span className="block small muted">{duty}</span>
      </div>
      <span className="role-holder">
        <Key address={address} />
        {address === wallet && (
          <>
            {' '}
            <Badge tone="info">you</Badge>
          </>
        )}
      </span>
    </div>
  );
}

/** A key, or that there is none. */
export function Key({ address }: { address: Address }) {
  if (address === NOBODY) return <span className="faint">nobody</span>;
  return (
    <span className="mono" title={address}>
      {shortAddress(address)}
    </span>
  );
}

/** Who may take governance over, and when. */
function Successor({ house, now }: { house: Clearinghouse; now: number }) {
  if (house.nextGovernance === NOBODY) return null;
  const from = Number(house.nextGovernanceFrom);
  const to = from + DELAYS.life;
  return (
    <p className="small muted">
      <Key address={house.nextGovernance} />{' '}
      {from > now
        ? `may take it over from ${clock(from)}, in ${duration(from - now)}.`
        : to > now
          ? `may take it over now, for another ${duration(to - now)}.`
          : 'was named as successor, and has let its time pass: governance may name one anew.'}
    </p>
  );
}
