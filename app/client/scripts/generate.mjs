// Writes the client's generated code from the program's IDL: `npm run generate [-- FOLDER]`.
//
// Codama renders accounts, instructions, PDAs and types. What it leaves out is added here, from the same IDL: the
// decoders of events, the table of what each error says (Codama's own is empty in production bundles), where each
// field of an account stands, and the header of the board as a type of its own, so that readers of a price need not
// decode 68 KB.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rootNodeFromAnchor } from '@codama/nodes-from-anchor';
import { renderVisitor } from '@codama/renderers-js';
import {
  LinkableDictionary,
  NodeStack,
  createFromRoot,
  definedTypeNode,
  getByteSizeVisitor,
  getRecordLinkablesVisitor,
  programNode,
  rootNode,
  structTypeNode,
  visit,
} from 'codama';

const here = fileURLToPath(new URL('.', import.meta.url));
const style = {
  semi: true,
  singleQuote: true,
  trailingComma: 'all',
  printWidth: 100,
  arrowParens: 'always',
  parser: 'typescript',
};
const heading = '// Written by scripts/generate.mjs from idl/ballast.json: change the program, not this file.\n\n';

export async function generate(folder) {
  const idl = JSON.parse(readFileSync(join(here, '../../../idl/ballast.json'), 'utf8'));
  const { program } = rootNodeFromAnchor(idl);

  // Codama moves the structs of events out of the types, and then renders none of them.
  const events = program.events.map((event) => ({
    name: pascal(event.name),
    discriminator: event.data.prefix[0].value.data,
    type: definedTypeNode({ name: `${event.name}Event`, docs: event.docs, type: event.data.type }),
  }));
  const definedTypes = [
    ...program.definedTypes,
    ...events.map((event) => event.type),
    boardHeader(program),
  ];
  const root = rootNode(programNode({ ...program, definedTypes }));
  await createFromRoot(root).accept(
    renderVisitor(folder, {
      deleteFolderBeforeRendering: true,
      formatCode: true,
      prettierOptions: style,
      syncPackageJson: false,
    }),
  );
  for (const file of readdirSync(join(folder, 'instructions'))) {
    // A note of the renderer's makers to themselves.
    const path = join(folder, 'instructions', file);
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/^ *\/\/ TODO: Coded error\.\n/gm, ''));
  }
  writeFileSync(join(folder, 'layout.ts'), heading + layoutModule(root));
  writeFileSync(join(folder, 'events.ts'), heading + eventsModule(events));
  writeFileSync(join(folder, 'messages.ts'), heading + messagesModule(idl.errors));
}

const pascal = (name) => name[0].toUpperCase() + name.slice(1);
const constant = (name) => name.replace(/[A-Z]/g, '_$&').toUpperCase();

/** The fields of the board between its discriminator and its assets. */
function boardHeader(program) {
  const { fields } = program.accounts.find((account) => account.name === 'riskBoard').data;
  const end = fields.findIndex((field) => field.name === 'assets');
  const docs = ['The board without its assets, markets and scenarios; it stands behind the discriminator.'];
  return definedTypeNode({ name: 'riskBoardHeader', docs, type: structTypeNode(fields.slice(1, end)) });
}

/** Where the fields of each account stand, up to the first one behind a field of no fixed size. */
function layoutModule(root) {
  const linkables = new LinkableDictionary();
  visit(root, getRecordLinkablesVisitor(linkables));
  const size = getByteSizeVisitor(linkables, { stack: new NodeStack([root, root.program]) });
  const tables = root.program.accounts.map((account) => {
    const rows = [];
    let offset = 0;
    for (const field of account.data.fields) {
      rows.push(`  ${field.name}: ${offset},`);
      const bytes = visit(field.type, size);
      if (bytes === null) break;
      offset += bytes;
    }
    return `/** \`${pascal(account.name)}\`: bytes from its begin to each of its fields. */
export const ${constant(account.name)}_OFFSETS = {
${rows.join('\n')}
} as const;
`;
  });
  return tables.join('\n');
}

function eventsModule(events) {
  const union = events.map(({ name }) => `  | { name: '${name}'; data: t.${name}Event }`).join('\n');
  const decoders = events
    .map(
      ({ name, discriminator }) =>
        `  '${discriminator}': (bytes) => ({ name: '${name}', data: t.get${name}EventDecoder().decode(bytes, 8) }),`,
    )
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
  const rows = errors.map(
    ({ code, name, msg }) => `  ${code}: { name: '${name}', message: ${JSON.stringify(msg)} },`,
  );
  return `/** What each error of the program is called and says, by its code. */
export const BALLAST_ERRORS: Readonly<Record<number, { name: string; message: string }>> = {
${rows.join('\n')}
};
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await generate(resolve(process.argv[2] ?? join(here, '../src/generated')));
}
