/** Where a proposal stands, from its account, the value that stands and the chain's clock. */
import { Parameter as Numbers } from '@ballast/client';
import { DELAYS, PARAMETERS, type Parameter } from './parameters';

/** What of a proposal's account is asked. */
export interface ProposalState {
  id: bigint;
  kind: number;
  parameter: number;
  target: number;
  from: bigint;
  to: bigint;
  at: bigint;
  ramps: boolean;
  loosens: boolean;
  bySteward: boolean;
  done: boolean;
  readyAt: bigint;
  readySlot: bigint;
  expiresAt: bigint;
  rampedS: bigint;
  rampTime: bigint;
}

/** The roles that governance names, by the program's numbers. */
export const ROLES = [
  { field: 'steward', name: 'Steward', duty: 'moves parameters within its mandates', removable: true },
  { field: 'guardian', name: 'Guardian', duty: 'pauses, and cancels what loosens', removable: true },
  { field: 'depthReporter', name: 'Depth reporter', duty: 'reports depth inside bounds', removable: false },
] as const;

export type Standing =
  | { kind: 'waiting'; seconds: number }
  | { kind: 'ripe'; seconds: number }
  | { kind: 'ramping'; share: number; seconds: number; crankable: boolean }
  | { kind: 'stale' }
  | { kind: 'done' }
  | { kind: 'expired' };

export interface Now {
  /** Unix seconds of the chain's clock. */
  time: number;
  slot: bigint;
}

/** A slot takes at least this long: what is said of slots that are left is an estimate. */
const SLOT_S = 0.4;

/**
 * Where it stands. `seconds` is how long it still waits, or may still be used. `current` is the value that stands:
 * another one than the proposal was made on (or wrote last) is refused, for good unless somebody moves it back.
 */
export function standing(proposal: ProposalState, now: Now, current?: bigint): Standing {
  if (proposal.done) return { kind: 'done' };
  const left = Number(proposal.expiresAt) - now.time;
  if (left <= 0) return { kind: 'expired' };
  if (proposal.kind === 0 && current !== undefined && current !== proposal.at) return { kind: 'stale' };
  const time = Number(proposal.readyAt) - now.time;
  const slots = Number(proposal.readySlot - now.slot) * SLOT_S;
  if (time > 0 || slots > 0) return { kind: 'waiting', seconds: Math.ceil(Math.max(time, slots)) };
  if (proposal.ramps && proposal.rampTime > 0n) {
    const since = Math.max(0, now.time - Number(proposal.rampTime));
    return {
      kind: 'ramping',
      share: Math.min(1, Number(proposal.rampedS) / DELAYS.ramp),
      seconds: left,
      crankable: since >= 60,
    };
  }
  return { kind: 'ripe', seconds: left };
}

/** The row of the table that a proposal moves. */
export function parameterOf(proposal: Pick<ProposalState, 'kind' | 'parameter'>): Parameter | undefined {
  return proposal.kind === 0 ? PARAMETERS[proposal.parameter] : undefined;
}

/** Who may end a proposal, by the roles that a key holds. */
export function mayCancel(
  proposal: ProposalState,
  where: Standing,
  roles: { governance: boolean; guardian: boolean; steward: boolean },
): boolean {
  if (where.kind === 'done' || where.kind === 'expired') return true;
  return (
    roles.governance ||
    (roles.guardian && proposal.loosens) ||
    (roles.steward && proposal.bySteward)
  );
}

/** The roles that may end one that is not over. */
export function cancellers({ loosens, bySteward }: Pick<ProposalState, 'loosens' | 'bySteward'>): string {
  const also = [loosens ? 'the guardian' : '', bySteward ? 'the steward' : ''].filter(Boolean);
  return ['governance', ...also].join(' or ');
}

/** Whether the client's numbering is the table's. */
export const sameNumbering = PARAMETERS.every((row) => Numbers[row.index] === row.name);
