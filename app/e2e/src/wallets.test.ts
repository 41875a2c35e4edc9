/** Wallets as the standard allows them to be: one that only signs what it sends itself, by a node of its own. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Browser } from 'playwright-core';
import { launch } from './browser';
import type { Cluster } from './cluster';
import { DApp, addressOf } from './dapp';
import { Gateway } from './gateway';
import { sharedCluster } from './shared';

type Sender = { address: string; publicKey: number[]; pkcs8: number[]; rpcUrl: string };

/** Runs in the page: registers a wallet that has no way to sign without sending. */
function sender({ address, publicKey, pkcs8, rpcUrl }: Sender): void {
  const chains = ['solana:localnet'];
  const features = ['solana:signAndSendTransaction'];
  const accounts = [{ address, publicKey: Uint8Array.from(publicKey), chains, features }];
  const key = crypto.subtle.importKey('pkcs8', Uint8Array.from(pkcs8), 'Ed25519', false, ['sign']);
  const send = async ({ transaction }: { transaction: Uint8Array }) => {
    // The number of signatures, so many of 64 bytes, and the message that they sign.
    const message = transaction.slice(1 + 64 * transaction[0]!);
    const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', await key, message));
    const wire = transaction.slice();
    wire.set(signature, 1);
    const params = [btoa(String.fromCharCode(...wire)), { encoding: 'base64' }];
    const answer = await fetch(rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'sendTransaction', params }),
    });
    const { error } = (await answer.json()) as { error?: { message: string } };
    if (error) throw new Error(error.message);
    return { signature };
  };
  const wallet = {
    version: '1.0.0',
    name: 'Sender',
    icon: 'data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=',
    chains,
    accounts,
    features: {
      'standard:connect': { version: '1.0.0', connect: async () => ({ accounts }) },
      'standard:events': { version: '1.0.0', on: () => () => undefined },
      'solana:signAndSendTransaction': {
        version: '1.0.0',
        supportedTransactionVersions: ['legacy', 0],
        signAndSendTransaction: (...inputs: { transaction: Uint8Array }[]) =>
          Promise.all(inputs.map(send)),
      },
    },
  };
  const register = ({ register: add }: { register: (wallet: unknown) => void }) => add(wallet);
  window.addEventListener('wallet-standard:app-ready', (event) =>
    register((event as CustomEvent).detail),
  );
  window.dispatchEvent(new CustomEvent('wallet-standard:register-wallet', { detail: register }));
}

export default () => describe('a wallet that only signs what it sends itself', () => {
  let cluster: Cluster;
  let browser: Browser;

  before(async () => {
    cluster = await sharedCluster();
    browser = await launch();
  });
  after(() => browser?.close());

  test('opens an account and deposits', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const { x, d } = privateKey.export({ format: 'jwk' });
    const publicKey = [...Buffer.from(x!, 'base64url')];
    const address = addressOf(Uint8Array.from([...Buffer.from(d!, 'base64url'), ...publicKey]));
    const pkcs8 = [...privateKey.export({ format: 'der', type: 'pkcs8' })];
    const dapp = await DApp.open(browser, cluster.url);
    await dapp.context.addInitScript(sender, {
      address,
      publicKey,
      pkcs8,
      rpcUrl: cluster.config.rpcUrl,
    });
    await dapp.page.reload();
    assert.equal(await dapp.connect('Sender'), address);
    await dapp.go('Portfolio');
    await dapp.faucet();
    await dapp.openAccount();
    await dapp.deposit('100');
    await new Gateway(cluster.url).eventually(
      'Deposited',
      ({ data }) => data['amount'] === '100000000',
    );
    assert.deepEqual(dapp.complaints, []);
    await dapp.close();
  });
});
