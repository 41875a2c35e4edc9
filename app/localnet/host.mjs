// A Solana node that lives as long as whoever started it.
//
// Surfnet is a library: the node runs inside of this process and dies with it, however that happens. `ballast localnet`
// holds the other end of standard input, so that the node ends with it too, even where nobody could say goodbye.
//
// usage: node host.mjs '{"slotTimeMs": 400, "programs": [{"id": …, "so": …, "authority": …}]}'
// Writes one line to standard output when it is ready: {"rpcUrl": …, "wsUrl": …}.

import { createRequire } from 'node:module';

// A native module: `import` does not know its kind of file.
const { Surfnet } = createRequire(import.meta.url)('@solana/surfpool-linux-x64-gnu');

// The node stops answering when about a thousand of its events wait for somebody to read them.
const DRAIN_MS = 100;

const options = JSON.parse(process.argv[2] ?? '{}');
const node = Surfnet.startWithConfig({
  offline: true,
  blockProductionMode: 'clock',
  slotTimeMs: options.slotTimeMs ?? 400,
});

function end(code) {
  try {
    node.stop();
  } finally {
    process.exit(code);
  }
}

async function call(method, params) {
  const response = await fetch(node.rpcUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const { error, result } = await response.json();
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}

setInterval(() => node.drainEvents(), DRAIN_MS);
process.stdin.on('end', () => end(0)).on('close', () => end(0)).on('error', () => end(0));
process.stdin.resume();
process.stdout.on('error', () => end(0));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => end(0));

try {
  for (const { id, so, authority } of options.programs ?? []) {
    node.deploy({ programId: id, soPath: so });
    if (authority) await call('surfnet_setProgramAuthority', [id, authority]);
  }
  process.stdout.write(`${JSON.stringify({ rpcUrl: node.rpcUrl, wsUrl: node.wsUrl })}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  end(1);
}
