/**
 * The IDL as a second opinion: values of any of its types at random, and their Borsh bytes written by the few lines below
 * rather than by the generated codecs, so that a codec that is wrong in both directions is found out.
 */
import { readFileSync } from 'node:fs';
import { getAddressDecoder, getAddressEncoder, none, some, type Address } from '@solana/kit';

export type IdlType =
  | string
  | { array: [IdlType, number] }
  | { vec: IdlType }
  | { option: IdlType }
  | { defined: { name: string } };
export type IdlField = { name: string; type: IdlType };
type IdlVariant = { name: string; fields?: IdlField[] };
type IdlDefinition = {
  name: string;
  type: { kind: 'struct'; fields: IdlField[] } | { kind: 'enum'; variants: IdlVariant[] };
};
export type IdlAccountMeta = {
  name: string;
  writable?: boolean;
  signer?: boolean;
  optional?: boolean;
  address?: string;
};
export type IdlInstruction = {
  name: string;
  discriminator: number[];
  accounts: IdlAccountMeta[];
  args: IdlField[];
};
type Named = { name: string; discriminator: number[] };

export const IDL_FILE = new URL('../../../idl/ballast.json', import.meta.url);
export const idl = JSON.parse(readFileSync(IDL_FILE, 'utf8')) as {
  address: string;
  instructions: IdlInstruction[];
  accounts: Named[];
  events: Named[];
  errors: { code: number; name: string; msg: string }[];
  types: IdlDefinition[];
};

export const pascal = (name: string): string =>
  name.replace(/(^|_)([a-z0-9])/g, (_, __, letter: string) => letter.toUpperCase());
export const camel = (name: string): string =>
  pascal(name).replace(/^[A-Z]/, (letter) => letter.toLowerCase());

export function definition(name: string): IdlDefinition['type'] {
  const found = idl.types.find((type) => type.name === name);
  if (!found) throw new Error(`the IDL has no type ${name}`);
  return found.type;
}

/** A stream of numbers that is the same in every run (mulberry32). */
export class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  below(limit: number): number {
    let t = (this.#state += 0x6d2b79f5);
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
  address(): Address {
    return getAddressDecoder().decode(this.bytes(32));
  }
}

const INTEGERS: Record<string, { bytes: number; signed: boolean }> = Object.fromEntries(
  [1, 2, 4, 8, 16].flatMap((bytes) => [
    [`u${8 * bytes}`, { bytes, signed: false }],
    [`i${8 * bytes}`, { bytes, signed: true }],
  ]),
);

/** A value of this type in the form in which the client decodes it. */
export function randomValue(type: IdlType, dice: Dice): unknown {
  if (typeof type === 'string') {
    const integer = INTEGERS[type];
    if (integer) {
      const big = randomInteger(integer, dice);
      return integer.bytes > 4 ? big : Number(big);
    }
    if (type === 'bool') return dice.below(2) === 1;
    if (type === 'pubkey') return dice.address();
    throw new Error(`no value of type ${type}`);
  }
  if ('array' in type) {
    const [item, length] = type.array;
    if (item === 'u8') return dice.bytes(length);
    return Array.from({ length }, () => randomValue(item, dice));
  }
  if ('vec' in type) return Array.from({ length: dice.below(5) }, () => randomValue(type.vec, dice));
  if ('option' in type) return dice.below(2) ? some(randomValue(type.option, dice)) : none();
  const defined = definition(type.defined.name);
  if (defined.kind === 'struct') return randomFields(defined.fields, dice);
  const at = dice.below(defined.variants.length);
  const { name, fields } = defined.variants[at]!;
  if (defined.variants.every((variant) => !variant.fields)) return at;
  return { __kind: name, ...(fields && randomFields(fields, dice)) };
}

export function randomFields(fields: IdlField[], dice: Dice): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name, type }) => [camel(name), randomValue(type, dice)]));
}

/** The extremes come up as often as all others. */
function randomInteger({ bytes, signed }: { bytes: number; signed: boolean }, dice: Dice): bigint {
  const bits = BigInt(8 * bytes);
  const least = signed ? -(1n << (bits - 1n)) : 0n;
  const range = (1n << bits) - 1n;
  const chance = dice.below(4);
  if (chance === 0) return least;
  if (chance === 1) return least + range;
  const drawn = dice.bytes(bytes).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return least + (drawn & range);
}

/** Borsh, as the program reads and writes it; for zero-copy structs without hidden padding it is their memory too. */
export function borsh(type: IdlType, value: unknown): number[] {
  if (typeof type === 'string') {
    const integer = INTEGERS[type];
    if (integer) return littleEndian(BigInt(value as number | bigint), integer.bytes);
    if (type === 'bool') return [value ? 1 : 0];
    if (type === 'pubkey') return [...getAddressEncoder().encode(value as Address)];
    throw new Error(`no bytes of type ${type}`);
  }
  if ('array' in type) return Array.from(value as unknown[]).flatMap((item) => borsh(type.array[0], item));
  if ('vec' in type) {
    const items = value as unknown[];
    return [...littleEndian(BigInt(items.length), 4), ...items.flatMap((item) => borsh(type.vec, item))];
  }
  if ('option' in type) {
    const option = value as { __option: 'None' } | { __option: 'Some'; value: unknown };
    return option.__option === 'None' ? [0] : [1, ...borsh(type.option, option.value)];
  }
  const defined = definition(type.defined.name);
  if (defined.kind === 'struct') return borshFields(defined.fields, value as Record<string, unknown>);
  if (typeof value === 'number') return [value];
  const chosen = value as { __kind: string } & Record<string, unknown>;
  const at = defined.variants.findIndex((variant) => variant.name === chosen.__kind);
  return [at, ...borshFields(defined.variants[at]?.fields ?? [], chosen)];
}

export function borshFields(fields: IdlField[], value: Record<string, unknown>): number[] {
  return fields.flatMap(({ name, type }) => borsh(type, value[camel(name)]));
}

function littleEndian(value: bigint, bytes: number): number[] {
  const unsigned = BigInt.asUintN(8 * bytes, value);
  return Array.from({ length: bytes }, (_, at) => Number((unsigned >> BigInt(8 * at)) & 0xffn));
}
