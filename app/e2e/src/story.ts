/**
 * One trader's day, in a browser, against a local cluster on any node: from connecting a wallet to a crash, a margin call,
 * somebody else's liquidation by the running keeper, and a change by governance. Each step needs those before it.
 */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import type { Browser } from 'playwright-core';
import { BALLAST_ERRORS, instructions } from '@ballast/client';
import type { Address } from '@solana/kit';
import { launch } from './browser';
import type { Cluster } from './cluster';
import { DApp, addressOf } from './dapp';
import { Gateway, type Standing } from './gateway';
import { story } from './steps';
import { Trader } from './trader';
import { until } from './wait';

/** In which market the day happens: the first. */
const MARKET = 0;
const DEPOSIT = 2_000;
/** Equity ÷ haircut of the trade, which is more than MM for its size: far enough from the edge to outlive the crash. */
const HEALTH = 4;
const CRASH_BPS = -800;
/** Slow enough for the breaker, also where a node takes seconds for a price: beyond a percent at once it wants confirmation. */
const CRASH_S = 30;
const DAYS = 24 * 3_600;

const said = (name: string) => Object.values(BALLAST_ERRORS).find((error) => error.name === name)!.message;

type Where = {
  /** Why there is no cluster. */
  skip?: string | undefined;
  /** Waits for those who use the cluster beside this story, and whom two days at once would upset. */
  whenAlone?: () => Promise<void>;
};

/** Tells it on a cluster, or says why there is none. */
export function tradersDay(title: string, open: () => Promise<Cluster>, { skip, whenAlone }: Where): void {
  describe(title, { skip: skip ?? false, concurrency: 1 }, () => {
    let cluster: Cluster;
    let gateway: Gateway;
    let browser: Browser;
    let dapp: DApp;
    let owner: Address;
    let account: Address;
    /** Whoever stands nearest to the edge in the market, and is not this test's trader. */
    let neighbour: Standing;
    let market: { symbol: string; asset: string };
    let outsider: Trader;

    const proposal = () =>
      dapp.card('Proposals').getByRole('listitem').filter({ hasText: 'Initial ratio' }).first();

    /** What there is to know where a step failed. */
    const situation = async () =>
      [
        `page: ${dapp.page.url()}\n${await dapp.main.innerText()}`,
        `complaints: ${JSON.stringify(dapp.complaints)}`,
        `cluster: ${JSON.stringify(await gateway.status())}`,
        `keeper:\n${cluster.keeperSaid()}`,
      ].join('\n\n');
    const step = story(situation);

    before(async () => {
      cluster = await open();
      gateway = new Gateway(cluster.url);
      outsider = await Trader.of(cluster.config);
      await gateway.faucet(outsider.signer.address);
      const { symbol, asset } = cluster.config.markets[MARKET]!;
      market = { symbol, asset: cluster.config.assets[asset]!.symbol };
      browser = await launch();
      dapp = await DApp.open(browser, cluster.url);
    });
    after(async () => {
      await browser?.close();
    });

    step('without a wallet everything can be read', async () => {
      await dapp.button(/Connect wallet/).waitFor();
      await dapp.go('Markets');
      await dapp.main.getByText(market.symbol).first().waitFor();
      await dapp.go('Risk');
      await dapp.row(/^Assets/, market.asset).waitFor();
    });

    step('the burner wallet connects', async () => {
      owner = await dapp.connect();
      account = await outsider.house.marginAccount(owner, 0);
    });

    step('tokens from the faucet, a margin account, a deposit', async () => {
      await dapp.go('Portfolio');
      await dapp.faucet();
      await dapp.openAccount();
      await dapp.deposit(String(DEPOSIT));
      await dapp.becomes('the equity', async () => (await dapp.figure('Equity')) === DEPOSIT);
    });

    step('a trade against the backstop shows its margin before it is signed, and is filled by the keeper', async () => {
      const { price, decimals, haircut } = await outsider.price(MARKET);
      const tokens = (DEPOSIT / HEALTH / haircut / price).toFixed(Math.min(decimals, 4));
      await dapp.visit(`trade/${market.symbol}`);
      const ticket = dapp.card('Ask the backstop');
      await ticket.getByLabel('Size').fill(tokens);
      const shown = ticket.getByRole('table', { name: 'Margin before and after' });
      await shown.getByRole('row', { name: /^Initial margin/ }).waitFor();
      await dapp.trade(market.symbol, 'Buy', tokens);
      await dapp.go('Portfolio');
      await dapp.row('Positions', market.symbol).waitFor();
      const health = await dapp.health();
      assert.ok(health > 230, `health ${health} %`);
    });

    step('alert levels are set on the chain', () => dapp.setAlerts([220, 150]));

    step('a crash raises the haircut', async () => {
      const standings = await gateway.accounts();
      const backstops = cluster.config.markets.map((each) => each.backstop);
      const others = standings.filter((each) => each.address !== account && !backstops.includes(each.owner));
      neighbour = others[0]!;
      await dapp.go('Risk');
      const haircut = async () => Number.parseFloat(await dapp.cell('Assets with price, volatility and haircut', market.asset, 'Haircut long'));
      const before = await haircut();
      await gateway.shock(market.asset, CRASH_BPS, CRASH_S);
      await dapp.becomes('the haircut to rise', async () => (await haircut()) > before * 1.05);
    });

    step('health falls through the alert level, and the dApp says so', async () => {
      await dapp.go('Portfolio');
      await dapp.becomes('health to fall', async () => (await dapp.health()) < 220);
      // Anybody may say it on the chain; whether the keeper or this outsider is first does not matter.
      await outsider.send([instructions.touchAccount(outsider.house, account)]).catch(() => undefined);
      await gateway.eventually('AlertRaised', ({ data }) => data['account'] === account);
      await dapp.card('Alerts').getByText(/fell through level/).first().waitFor();
    });

    step('a top-up brings it back', async () => {
      const over = async () => (await gateway.status())['shocks'] === 0;
      await until('the crash to end', over, { within: 2 * CRASH_S * 1_000 });
      const [health, equity] = [await dapp.health(), await dapp.figure('Equity')];
      await dapp.deposit('1000');
      await dapp.becomes('equity to rise', async () => (await dapp.figure('Equity')) > equity + 800);
      assert.ok((await dapp.health()) > health, 'health did not rise');
    });

    step('a withdrawal of what margin needs is refused in the words of the program, before anything is signed', async () => {
      const dialog = await dapp.funds('Withdraw', String(DEPOSIT));
      await dialog.getByRole('alert').filter({ hasText: said('BelowInitialMargin') }).waitFor();
      const button = dialog.getByRole('tabpanel').getByRole('button', { name: 'Withdraw', exact: true });
      assert.equal(await button.isDisabled(), true);
      await dialog.getByRole('button', { name: 'Close', exact: true }).click();
    });

    step('the neighbour who fell short is liquidated by the running keeper, and the feed shows it', async () => {
      const event = await gateway.eventually('Liquidated', ({ data }) => data['account'] === neighbour.address, 120_000);
      const keeper = await outsider.house.marginAccount(addressOf(cluster.keypair('keeper')), 0);
      assert.equal(event.data['keeper'], keeper);
      await dapp.go('Liquidations');
      const feed = dapp.main.getByRole('list', { name: /^Events/ });
      const link = feed.locator(`[title="${neighbour.address}"]`).first();
      await link.waitFor();
      await feed.getByText('Liquidated', { exact: true }).first().waitFor();
      assert.notEqual(neighbour.address, account);
    });

    step('governance proposes to loosen a parameter, and everybody sees how long it waits', async () => {
      const key = cluster.keypair('governance');
      await gateway.faucet(addressOf(key));
      const governor = await DApp.open(browser, cluster.url, { key });
      try {
        assert.equal(await governor.connect(), addressOf(key));
        await governor.go('Governance');
        await governor.button('Change Initial ratio').click();
        const dialog = governor.dialog(/^Initial ratio/);
        await dialog.getByLabel('New value').fill('145');
        await dialog.getByRole('button', { name: 'Propose', exact: true }).click();
        await governor.says(/was proposed/);
      } finally {
        await governor.close();
      }
      await dapp.go('Governance');
      await proposal().getByText(/^waiting \d/).waitFor();
      assert.equal(await proposal().getByRole('button', { name: 'Apply' }).count(), 0);
    });

    step('once it is ripe, anybody applies it', async (context) => {
      if (!cluster.travels) return context.skip('it ripens in two days, and this node cannot travel in time');
      await whenAlone?.();
      await gateway.travel(2 * DAYS + 60);
      // The keeper applies what is ripe as well, and may be first.
      try {
        await proposal().getByRole('button', { name: 'Apply' }).click({ timeout: 5_000 });
        await dapp.dialog(/^Proposal #/).getByRole('button', { name: 'Apply', exact: true }).click({ timeout: 5_000 });
        await dapp.says(/was carried out/);
      } catch (error) {
        await gateway.eventually('ParameterMoved', undefined, 5_000).catch(() => {
          throw error;
        });
        await dapp.page.keyboard.press('Escape');
      }
      await dapp.becomes('the parameter to move', async () =>
        (await dapp.cell(/^Parameters: core/i, 'Initial ratio', 'Value')).startsWith('145'),
      );
      const moved = await gateway.eventually('ParameterMoved');
      assert.equal(String(moved.data['to']), '14500');
    });

    step('the wallet comes back after a reload', async () => {
      await dapp.page.reload();
      assert.equal(await until('the wallet', () => dapp.wallet()), owner);
    });

    step('nothing failed in the console', async () => assert.deepEqual(dapp.complaints, []));
  });
}
