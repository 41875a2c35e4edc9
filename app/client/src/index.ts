/**
 * TypeScript client of the Ballast clearing program. `generated` comes from the IDL and holds every account, instruction,
 * type, PDA and error; the helpers beside it do what an IDL cannot say.
 */
export * from './generated';
export * from './generated/events';
export * from './generated/layout';
export * from './generated/messages';
export * from './board';
export * from './deployment';
export * from './errors';
export * from './events';
export * as instructions from './instructions';
export type {
  Change,
  Collateral,
  Movement,
  RequestRef,
  TradeWanted,
  Which,
} from './instructions';
export * from './units';
