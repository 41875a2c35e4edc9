/**
 * Pictures of every page for the documentation: `npm run screenshots` writes docs/images/app-PAGE[-dark|-phone].png. They
 * show a house in which something has happened: a position, a crash and its liquidations, a proposal that waits.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { launch, type Look } from './browser';
import { startCluster, type Cluster } from './cluster';
import { DApp, PAGES, addressOf } from './dapp';
import { Gateway } from './gateway';
import { repository } from './repository';
import { Trader } from './trader';
import { pause } from './wait';

const LOOKS: Record<string, Look> = { '': {}, '-dark': { dark: true }, '-phone': { phone: true } };
const FOLDER = join(repository(), 'docs/images');
/** So long prices move before the pictures are taken: charts want points. */
const HISTORY_S = Number(process.env['BALLAST_HISTORY_S'] ?? 120);
/** Seed of the wallet, so that all looks show the same account. */
const SEED = crypto.getRandomValues(new Uint8Array(32));

const keypair = async (): Promise<Uint8Array> => {
  const prefix = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
  const key = await crypto.subtle.importKey('pkcs8', Uint8Array.from([...prefix, ...SEED]), 'Ed25519', true, ['sign']);
  const { x } = await crypto.subtle.exportKey('jwk', key);
  return Uint8Array.from([...SEED, ...Buffer.from(x!, 'base64url')]);
};

async function live(browser: Browser, cluster: Cluster, key: Uint8Array): Promise<void> {
  const gateway = new Gateway(cluster.url);
  const { symbol, asset } = cluster.config.markets[0]!;
  const name = cluster.config.assets[asset]!.symbol;
  const outsider = await Trader.of(cluster.config);
  const dapp = await DApp.open(browser, cluster.url, { key });
  await dapp.connect();
  await dapp.go('Portfolio');
  await dapp.faucet();
  await dapp.openAccount();
  await dapp.deposit('5000');
  const { price, haircut } = await outsider.price(0);
  await dapp.trade(symbol, 'Buy', (5_000 / 4 / haircut / price).toFixed(3));
  await dapp.setAlerts([200, 150]);
  await pause((HISTORY_S * 1_000) / 2);
  await gateway.shock(name, -450, 20);
  await gateway.eventually('Liquidated', undefined, 120_000).catch(() => console.warn('nobody was liquidated'));
  await dapp.close();
  await propose(browser, cluster, gateway);
  await pause((HISTORY_S * 1_000) / 2);
}

async function propose(browser: Browser, cluster: Cluster, gateway: Gateway): Promise<void> {
  const key = cluster.keypair('governance');
  await gateway.faucet(addressOf(key));
  const governor = await DApp.open(browser, cluster.url, { key });
  await governor.connect();
  await governor.go('Governance');
  await governor.button('Change Initial ratio').click();
  const dialog = governor.dialog(/^Initial ratio/);
  await dialog.getByLabel('New value').fill('145');
  await dialog.getByRole('button', { name: 'Propose', exact: true }).click();
  await governor.says(/was proposed/);
  await governor.close();
}

async function shoot(browser: Browser, cluster: Cluster, key: Uint8Array): Promise<void> {
  for (const [suffix, look] of Object.entries(LOOKS)) {
    const dapp = await DApp.open(browser, cluster.url, { ...look, key });
    await dapp.connect();
    for (const name of PAGES) {
      await dapp.go(name);
      // Charts and tables come with their first answers; a page that is still loading is no picture of it.
      await dapp.page.waitForFunction(() => !document.querySelector('main .skeleton'), undefined, { timeout: 20_000 });
      await pause(1_500);
      const file = join(FOLDER, `app-${name.toLowerCase()}${suffix}.png`);
      await dapp.page.screenshot({ path: file });
      console.log(file);
    }
    if (dapp.complaints.length > 0) console.warn(dapp.complaints.join('\n'));
    await dapp.close();
  }
}

mkdirSync(FOLDER, { recursive: true });
const cluster = await startCluster();
const browser = await launch();
try {
  const key = await keypair();
  await live(browser, cluster, key);
  await shoot(browser, cluster, key);
} finally {
  await browser.close();
  await cluster.stop();
}
