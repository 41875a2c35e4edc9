/**
 * Addresses. Everything that belongs to one clearinghouse is derived from its quote mint, so a client is told that one
 * address and computes the others: none can be passed in wrongly. The seeds are those of the program (`state/mod.rs`),
 * and the tests compare the addresses with the Rust client's.
 */
import {
  address,
  getAddressEncoder,
  getProgramDerivedAddress,
  getU16Encoder,
  getU64Encoder,
  getUtf8Encoder,
  type Address,
  type ReadonlyUint8Array,
} from '@solana/kit';
import { BALLAST_PROGRAM_ADDRESS, Parameter } from './generated';

/** The loader that keeps the program's code and its upgrade authority. */
export const UPGRADEABLE_LOADER_ADDRESS = address('BPFLoaderUpgradeab1e11111111111111111111111');

/** To whom a parameter belongs, and so which account a proposal for it names. */
export type ParameterTarget = 'house' | 'asset' | 'market' | 'backstop';

/** Parameters are numbered house first, then an asset's, a market's, and a backstop's. */
export function parameterTarget(parameter: Parameter): ParameterTarget {
  if (parameter >= Parameter.BackstopPosition) return 'backstop';
  if (parameter >= Parameter.Band) return 'market';
  return parameter >= Parameter.HaircutMin ? 'asset' : 'house';
}

/** The addresses of one clearinghouse. */
export class Deployment {
  /** Deriving takes milliseconds and screens ask for the same addresses again and again. */
  readonly #derived = new Map<string, Promise<Address>>();

  private constructor(
    /** The settlement token. */
    readonly quoteMint: Address,
    /** Roles and limits; the vaults' authority. */
    readonly clearinghouse: Address,
    /** The risk board. */
    readonly board: Address,
    /** The insurance fund's account. */
    readonly treasury: Address,
    /** The quote vault. */
    readonly quoteVault: Address,
    readonly programAddress: Address,
  ) {}

  /** The clearinghouse of a quote mint. */
  static async of(
    quoteMint: Address,
    programAddress: Address = BALLAST_PROGRAM_ADDRESS,
  ): Promise<Deployment> {
    const clearinghouse = await derive(programAddress, ['clearinghouse', key(quoteMint)]);
    const [board, treasury, quoteVault] = await Promise.all([
      derive(programAddress, ['board', key(clearinghouse)]),
      derive(programAddress, ['treasury', key(clearinghouse)]),
      derive(programAddress, ['vault', key(clearinghouse), key(quoteMint)]),
    ]);
    return new Deployment(quoteMint, clearinghouse, board, treasury, quoteVault, programAddress);
  }

  /** An asset's config. */
  asset(index: number): Promise<Address> {
    return this.#once(`asset ${index}`, ['asset', key(this.clearinghouse), byte(index)]);
  }

  /** A market. */
  market(index: number): Promise<Address> {
    return this.#once(`market ${index}`, ['market', key(this.clearinghouse), byte(index)]);
  }

  /** The token vault of a mint. */
  vault(mint: Address): Promise<Address> {
    return this.#once(`vault ${mint}`, ['vault', key(this.clearinghouse), key(mint)]);
  }

  /** One of an owner's margin accounts. */
  marginAccount(owner: Address, subAccount = 0): Promise<Address> {
    const number = getU16Encoder().encode(subAccount);
    const seeds = ['margin', key(this.clearinghouse), key(owner), number];
    return this.#once(`margin ${owner} ${subAccount}`, seeds);
  }

  /** The backstop vault of a market. */
  async backstop(market: number): Promise<Address> {
    return this.#once(`backstop ${market}`, ['backstop', key(await this.market(market))]);
  }

  /** The margin account that a market's backstop trades with. */
  async slice(market: number): Promise<Address> {
    return this.marginAccount(await this.backstop(market));
  }

  /** Where an owner's shares of a market's backstop stand. */
  async backstopShare(market: number, owner: Address): Promise<Address> {
    const seeds = ['share', key(await this.backstop(market)), key(owner)];
    return this.#once(`share ${market} ${owner}`, seeds);
  }

  /** A margin account's request to trade with this number. */
  tradeRequest(marginAccount: Address, id: number | bigint): Promise<Address> {
    return derive(this.programAddress, ['request', key(marginAccount), u64(id)]);
  }

  /** A proposal, by its number. */
  proposal(id: number | bigint): Promise<Address> {
    return this.#once(`proposal ${id}`, ['proposal', key(this.clearinghouse), u64(id)]);
  }

  /** The steward's mandate for a parameter. */
  mandate(parameter: Parameter, target = 0): Promise<Address> {
    const seeds = ['mandate', key(this.clearinghouse), byte(parameter), byte(target)];
    return this.#once(`mandate ${parameter} ${target}`, seeds);
  }

  /** Where the upgradeable loader keeps the program's code and upgrade authority. */
  programData(): Promise<Address> {
    return derive(UPGRADEABLE_LOADER_ADDRESS, [key(this.programAddress)]);
  }

  #once(name: string, seeds: Seed[]): Promise<Address> {
    let derived = this.#derived.get(name);
    if (!derived) this.#derived.set(name, (derived = derive(this.programAddress, seeds)));
    return derived;
  }
}

type Seed = string | ReadonlyUint8Array;

const key = (of: Address): ReadonlyUint8Array => getAddressEncoder().encode(of);
const u64 = (number: number | bigint): ReadonlyUint8Array => getU64Encoder().encode(number);

function byte(index: number): ReadonlyUint8Array {
  if (!Number.isInteger(index) || index < 0 || index > 255)
    throw new RangeError(`an index is a whole number from 0 to 255, not ${index}`);
  return new Uint8Array([index]);
}

async function derive(programAddress: Address, seeds: Seed[]): Promise<Address> {
  const bytes = seeds.map((seed) => (typeof seed === 'string' ? getUtf8Encoder().encode(seed) : seed));
  return (await getProgramDerivedAddress({ programAddress, seeds: bytes }))[0];
}
