import { type Codec } from '@solana/kit';
import { describe, expect, test } from 'vitest';
import * as client from '../src';
import { Dice, borsh, camel, definition, idl, pascal, randomValue } from './idl';

const generated = client as unknown as Record<string, unknown>;
const codec = (name: string) => (generated[`get${pascal(name)}Codec`] as () => Codec<unknown>)();
const withoutDiscriminator = ({ discriminator: _, ...fields }: Record<string, unknown>) => fields;

describe.each(idl.accounts.map(({ name, discriminator }) => [name, discriminator] as const))(
  'account %s',
  (name, discriminator) => {
    test('decodes what it encodes, byte for byte as Borsh does', () => {
      for (let seed = 0; seed < (name === 'RiskBoard' ? 2 : 10); seed++) {
        const value = randomValue({ defined: { name } }, new Dice(seed));
        const bytes = Uint8Array.from([...discriminator, ...borsh({ defined: { name } }, value)]);
        const decoded = codec(name).decode(bytes) as Record<string, unknown>;
        expect(withoutDiscriminator(decoded)).toEqual(value);
        expect(Buffer.compare(Buffer.from(codec(name).encode(decoded)), Buffer.from(bytes))).toBe(0);
        expect(client.identifyBallastAccount({ data: bytes })).toBe(
          client.BallastAccount[name as keyof typeof client.BallastAccount],
        );
      }
    });

    test('its table of offsets says where each field stands', () => {
      const offsets = generated[
        `${camel(name).replace(/[A-Z]/g, '_$&').toUpperCase()}_OFFSETS`
      ] as Record<string, number>;
      const type = definition(name);
      if (type.kind !== 'struct') throw new Error(`${name} is no struct`);
      const value = randomValue({ defined: { name } }, new Dice(3)) as Record<string, unknown>;
      let at = discriminator.length;
      for (const field of type.fields) {
        if (!(camel(field.name) in offsets)) break;
        expect(offsets[camel(field.name)], field.name).toBe(at);
        at += borsh(field.type, value[camel(field.name)]).length;
      }
      expect(offsets['version']).toBe(8);
    });
  },
);

describe('types', () => {
  const accounts = new Set(idl.accounts.map(({ name }) => name));
  const events = new Set(idl.events.map(({ name }) => name));
  // Codama spreads the structs that instructions take into the builders' inputs.
  const rest = idl.types.filter(({ name }) => !accounts.has(name) && !events.has(name) && !/Args$/.test(name));

  test.each(rest.map(({ name }) => name))('%s decodes what it encodes', (name) => {
    for (let seed = 0; seed < 10; seed++) {
      const value = randomValue({ defined: { name } }, new Dice(seed));
      const bytes = Uint8Array.from(borsh({ defined: { name } }, value));
      expect(codec(name).decode(bytes)).toEqual(value);
      expect([...codec(name).encode(value)]).toEqual([...bytes]);
    }
  });
});

test('margin accounts and boards have the sizes that the program asserts', () => {
  expect(client.getMarginAccountSize()).toBe(1_656);
  expect(client.getRiskBoardSize()).toBe(68_488);
});
