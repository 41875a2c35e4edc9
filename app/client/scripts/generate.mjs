// Writes the client's generated code from the program's IDL: `npm run generate [-- FOLDER]`.
//
// Codama renders accounts, instructions, PDAs and types. Two things it leaves out are added here, from the
// same IDL: the decoders of events, and the table of what each error says (Codama's own table is empty in
// production bundles).
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rootNodeFromAnchor } from '@codama/nodes-from-anchor';
import { renderVisitor } from '@codama/renderers-js';
import { createFromRoot, definedTypeNode, programNode, rootNode } from 'codama';

const here = fileURLToPath(new URL('.', import.meta.url));
const style = { semi: true, singleQuote: true, trailingComma: 'all', printWidth: 100, arrowParens: 'always', parser: 'typescript' };
const heading = '// Written by scripts/generate.mjs from idl/ballast.json: change the program, not this file.\n\n';

export async function generate(folder) {
  const idl = JSON.parse(readFileSync(join(here, '../../../idl/ballast.json'), 'utf8'));
  const { program } = rootNodeFromAnchor(idl);

  // Codama moves the structs of events out of the types, and then renders none of them.
  const events = program.events.map((event) => ({
    name: event.name[0].toUpperCase() + event.name.slice(1),
    discriminator: event.data.prefix[0].value.data,
    type: definedTypeNode({ name: `${event.name}Event`, docs: event.docs, type: event.data.type }),
  }));
  const definedTypes = [...program.definedTypes, ...events.map((event) => event.type)];
  const root = rootNode(programNode({ ...program, definedTypes }));
  await createFromRoot(root).accept(
    renderVisitor(folder, { deleteFolderBeforeRendering: true, formatCode: true, prettierOptions: style, syncPackageJson: false }),
  );
  writeFileSync(join(folder, 'events.ts'), heading + eventsModule(events));
  writeFileSync(join(folder, 'messages.ts'), heading + messagesModule(idl.errors));
}

function eventsModule(events) {
  const union = events.map(({ name }) => `  | { name: '${name}'; data: t.${name}Event }`).join('\n');
  const decoders = events
    .map(({ name, discriminator }) => `  '${discriminator}': (bytes) => ({ name: '${name}', data: t.get${name}EventDecoder().decode(bytes, 8) }),`)
    .join('\n');
  return `import type { ReadonlyUint8Array } from '@solana/kit';
import * as t from './types';

/** An event of the program, by its name. */
export type BallastEvent =
${union};

/** The names of the program's events. */
export type BallastEventName = BallastEvent['name'];

/** The decoder of each event, by the discriminator (in hex) that its bytes begin with. */
export const EVENT_DECODERS: Readonly<Record<string, (bytes: ReadonlyUint8Array) => BallastEvent>> = {
${decoders}
};

/** The event that these bytes are, or nothing where they are none of the program's. */
export function decodeBallastEvent(bytes: ReadonlyUint8Array): BallastEvent | undefined {
  let discriminator = '';
  for (const byte of bytes.slice(0, 8)) discriminator += byte.toString(16).padStart(2, '0');
  return EVENT_DECODERS[discriminator]?.(bytes);
}
`;
}

function messagesModule(errors) {
  const rows = errors.map(({ code, name, msg }) => `  ${code}: { name: '${name}', message: ${JSON.stringify(msg)} },`);
  return `/** What each error of the program is called and says, by its code. */
export const BALLAST_ERRORS: Readonly<Record<number, { name: string; message: string }>> = {
${rows.join('\n')}
};
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await generate(resolve(process.argv[2] ?? join(here, '../src/generated')));
}
