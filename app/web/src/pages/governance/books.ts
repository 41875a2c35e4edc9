import type { Mandate } from '@ballast/client';
import type { Accounts, Parameter, Target, Token } from './parameters';
import { read } from './parameters';

/** Where values stand, what things are called, and what the connected key may do. */
export interface Books {
  accounts: (target: Target, index: number) => Accounts;
  name: (target: Target, index: number) => string;
  token: (target: Target, index: number) => Token | undefined;
  roles: { governance: boolean; steward: boolean; guardian: boolean };
  mandates: readonly Mandate[];
}

/** What a parameter of an asset, a market or the house is now. */
export function valueIn(books: Books, parameter: Parameter, index: number): bigint | undefined {
  return read(parameter, books.accounts(parameter.target, index), index);
}

/** The steward's mandate for a parameter, where there is one. */
export function mandateIn(books: Books, parameter: Parameter, index: number): Mandate | undefined {
  return books.mandates.find((m) => Number(m.parameter) === parameter.index && m.target === index);
}
