import { AccountRole, createNoopSigner, type Address, type Instruction } from '@solana/kit';
import { describe, expect, test } from 'vitest';
import * as client from '../src';
import { Dice, borshFields, camel, idl, pascal, randomFields, type IdlInstruction } from './idl';

type Build = (input: Record<string, unknown>) => Required<Instruction>;
type Parsed = {
  programAddress: Address;
  accounts: Record<string, { address: Address; role: AccountRole } | undefined>;
  data: Record<string, unknown>;
};
type Parse = (instruction: Required<Instruction>) => Parsed;

const generated = client as unknown as Record<string, unknown>;

/** The arguments as the builder takes them: a single struct called `args` is spread into its fields. */
function argumentsOf({ args }: IdlInstruction, dice: Dice) {
  const values = randomFields(args, dice);
  const [only] = args;
  const spread = args.length === 1 && only!.name === 'args';
  return { input: spread ? (values['args'] as Record<string, unknown>) : values, bytes: borshFields(args, values) };
}

function accountsOf({ accounts }: IdlInstruction, dice: Dice, withOptional: boolean) {
  const given = accounts.filter(({ optional }) => withOptional || !optional);
  const addresses = new Map(given.map((meta) => [meta.name, (meta.address ?? dice.address()) as Address]));
  const input = Object.fromEntries(
    given.map(({ name, signer }) => {
      const address = addresses.get(name)!;
      return [camel(name), signer ? createNoopSigner(address) : address];
    }),
  );
  return { addresses, input };
}

function role({ writable, signer }: { writable?: boolean; signer?: boolean }): AccountRole {
  if (signer) return writable ? AccountRole.WRITABLE_SIGNER : AccountRole.READONLY_SIGNER;
  return writable ? AccountRole.WRITABLE : AccountRole.READONLY;
}

test('the IDL has instructions, and the client a builder and a parser for each', () => {
  expect(idl.instructions.length).toBeGreaterThan(50);
  for (const { name } of idl.instructions) {
    expect(generated[`get${pascal(name)}Instruction`], name).toBeTypeOf('function');
    expect(generated[`parse${pascal(name)}Instruction`], name).toBeTypeOf('function');
  }
});

describe.each(idl.instructions.map((instruction) => [instruction.name, instruction] as const))(
  '%s',
  (name, instruction) => {
    const build = generated[`get${pascal(name)}Instruction`] as Build;
    const parse = generated[`parse${pascal(name)}Instruction`] as Parse;

    test.each([true, false])('builds and decodes again, optional accounts given: %s', (withOptional) => {
      for (let seed = 0; seed < 8; seed++) {
        const dice = new Dice(1_000 * seed + name.length);
        const args = argumentsOf(instruction, dice);
        const { addresses, input } = accountsOf(instruction, dice, withOptional);
        const built = build({ ...input, ...args.input });

        expect(built.programAddress).toBe(idl.address);
        expect([...built.data]).toEqual([...instruction.discriminator, ...args.bytes]);
        expect(built.accounts.map((account) => account.role)).toEqual(
          instruction.accounts.map((meta) =>
            addresses.has(meta.name) ? role(meta) : AccountRole.READONLY,
          ),
        );
        expect(built.accounts.map((account) => account.address)).toEqual(
          instruction.accounts.map((meta) => addresses.get(meta.name) ?? idl.address),
        );

        const parsed = parse(built);
        expect(client.identifyBallastInstruction(built)).toBe(
          client.BallastInstruction[pascal(name) as keyof typeof client.BallastInstruction],
        );
        const { discriminator, ...data } = parsed.data;
        expect([...(discriminator as Uint8Array)]).toEqual(instruction.discriminator);
        const spread = instruction.args.length === 1 && instruction.args[0]!.name === 'args';
        expect(spread && 'args' in data ? data['args'] : data).toEqual(args.input);
        for (const meta of instruction.accounts)
          expect(parsed.accounts[camel(meta.name)]?.address, meta.name).toEqual(addresses.get(meta.name));
      }
    });

    test('refuses data that was cut short', () => {
      const dice = new Dice(7);
      const { input } = accountsOf(instruction, dice, true);
      const built = build({ ...input, ...argumentsOf(instruction, dice).input });
      const cut = { ...built, data: built.data.slice(0, built.data.length - 1) };
      expect(() => parse(cut)).toThrow();
    });

    test('refuses fewer accounts than the program takes', () => {
      const dice = new Dice(11);
      const { input } = accountsOf(instruction, dice, true);
      const built = build({ ...input, ...argumentsOf(instruction, dice).input });
      expect(() => parse({ ...built, accounts: built.accounts.slice(1) })).toThrow();
    });
  },
);

test('no two instructions, accounts or events share a discriminator', () => {
  for (const named of [idl.instructions, idl.accounts, idl.events]) {
    const discriminators = named.map(({ discriminator }) => discriminator.join());
    expect(new Set(discriminators).size).toBe(named.length);
  }
});
