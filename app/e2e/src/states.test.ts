/** What the dApp says where something is missing or wrong: a wallet, a node, a cluster, a signature, a gateway. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { context, launch } from './browser';
import { type Cluster } from './cluster';
import { DApp } from './dapp';
import { sharedCluster } from './shared';

export default () => describe('the dApp says what is wrong', () => {
  let cluster: Cluster;
  let browser: Browser;

  before(async () => {
    cluster = await sharedCluster();
    browser = await launch();
  });
  after(() => browser?.close());

  /** A page whose gateway answers something else. */
  async function bare(prepare: (page: Page) => Promise<unknown>): Promise<Page> {
    const page = await (await context(browser)).newPage();
    page.setDefaultTimeout(20_000);
    await prepare(page);
    await page.goto(`${cluster.url}/`);
    return page;
  }

  /** The page with another configuration. */
  const configured = (change: Record<string, unknown>) =>
    bare((page) => page.route('**/config.json', (route) => route.fulfill({ json: { ...cluster.config, ...change } })));

  test('no wallet: pages can be read, and connecting is offered', async () => {
    const dapp = await DApp.open(browser, cluster.url);
    await dapp.button(/Connect wallet/).waitFor();
    await dapp.go('Trade');
    await dapp.card('Ask the backstop').getByRole('button', { name: /Connect/ }).waitFor();
    await dapp.close();
  });

  test('the gateway does not answer', async () => {
    const page = await bare((it) => it.route('**/config.json', (route) => route.abort()));
    await page.getByRole('alert').filter({ hasText: 'Ballast cannot be reached' }).waitFor();
    await page.unroute('**/config.json');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
    await page.context().close();
  });

  test('the node does not answer', async () => {
    const page = await configured({ rpcUrl: 'http://127.0.0.1:9', wsUrl: 'ws://127.0.0.1:9' });
    await page.getByRole('alert').filter({ hasText: 'The node does not answer' }).first().waitFor();
    await page.context().close();
  });

  test('the node goes away and comes back', async () => {
    const dapp = await DApp.open(browser, cluster.url);
    await dapp.go('Markets');
    const rpc = `${cluster.config.rpcUrl.replace(/\/$/, '')}/**`;
    await dapp.page.route(rpc, (route) => route.abort());
    const gone = dapp.page.getByRole('alert').filter({ hasText: 'The node does not answer' });
    await gone.waitFor({ timeout: 60_000 });
    await dapp.page.unroute(rpc);
    await gone.waitFor({ state: 'hidden', timeout: 60_000 });
    await dapp.close();
  });

  test('the node is on another cluster', async () => {
    const elsewhere = 'So11111111111111111111111111111111111111112';
    const page = await configured({ quoteMint: elsewhere, board: elsewhere });
    await page.getByText(/Wrong cluster|no such clearinghouse|cannot be read/).first().waitFor();
    await page.context().close();
  });

  test('a signature is declined: nothing is sent, and the form stays as it was', async () => {
    const dapp = await DApp.open(browser, cluster.url, { rejecting: true });
    await dapp.connect('Refuser');
    await dapp.go('Portfolio');
    await dapp.faucet();
    await dapp.button('Open account').click();
    await dapp.says(/declined/);
    await dapp.button('Open account').waitFor();
    await dapp.close();
  });

  test('a wallet without the optional feature of disconnecting is forgotten all the same', async () => {
    const dapp = await DApp.open(browser, cluster.url, { rejecting: true });
    await dapp.connect('Refuser');
    await dapp.button(/^Wallet/, dapp.page.getByRole('banner')).click();
    await dapp.dialog('Wallet').getByRole('button', { name: 'Disconnect' }).click();
    await dapp.button(/^Connect/, dapp.page.getByRole('banner')).waitFor();
    assert.deepEqual(dapp.complaints, []);
    await dapp.close();
  });

  test('what the wallet does not hold cannot be deposited', async () => {
    const dapp = await DApp.open(browser, cluster.url);
    await dapp.connect();
    await dapp.go('Portfolio');
    await dapp.faucet();
    await dapp.openAccount();
    const dialog = await dapp.funds('Deposit', '1000000000');
    await dialog.getByRole('alert').filter({ hasText: 'Your wallet holds' }).waitFor();
    assert.equal(
      await dialog.getByRole('tabpanel').getByRole('button', { name: 'Deposit', exact: true }).isDisabled(),
      true,
    );
    await dapp.close();
  });

  test('a page that does not exist', async () => {
    const dapp = await DApp.open(browser, cluster.url);
    await dapp.visit('nowhere');
    await dapp.says('There is no such page');
    await dapp.close();
  });

  test('with a keyboard alone: past the menu, through the pages, a dialog and out of it', async () => {
    const dapp = await DApp.open(browser, cluster.url);
    const { page } = dapp;
    await dapp.button(/Connect wallet/).waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
    await page.keyboard.press('Tab');
    assert.equal(await focused(), 'Skip to content');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
    await page.keyboard.press('Tab');
    assert.match(await focused(), /Connect/);
    await page.keyboard.press('Enter');
    const dialog = dapp.dialog('Connect a wallet');
    await dialog.waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.closest('dialog') !== null), true);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    assert.match(await focused(), /Connect/);
    await dapp.close();
  });

  test('on a phone nothing is wider than the screen, on any page', async () => {
    const dapp = await DApp.open(browser, cluster.url, { phone: true });
    for (const name of ['Trade', 'Markets', 'Risk', 'Liquidations', 'Backstop', 'Governance'] as const) {
      await dapp.go(name);
      await dapp.main.getByRole('heading').first().waitFor({ state: 'attached' });
      const [wide, screen] = await dapp.page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
      ]);
      assert.ok(wide! <= screen!, `${name} is ${wide} wide on a screen of ${screen}`);
    }
    await dapp.close();
  });
});
