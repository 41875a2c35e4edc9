/**
 * Powers that one key gives another: an owner's delegate, who trades and is revoked, and the guardian, whom governance
 * names, who pauses new risk and lifts the pause. Each step needs those before it. The house is one of their own,
 * because three days pass in it.
 */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import type { Browser } from 'playwright-core';
import { BALLAST_ERRORS } from '@ballast/client';
import type { Address } from '@solana/kit';
import { launch } from './browser';
import { startCluster, type Cluster } from './cluster';
import { DApp, addressOf } from './dapp';
import { Gateway } from './gateway';
import { story } from './steps';
import { Trader } from './trader';

const MARKET = 0;
const DAYS = 24 * 3_600;
/** Roles wait so long. */
const LONG_DELAY_S = 3 * DAYS;

const said = (name: string) =>
  Object.values(BALLAST_ERRORS).find((error) => error.name === name)!.message;

export default () => describe('powers that are given, used and taken back', () => {
  let cluster: Cluster;
  let gateway: Gateway;
  let browser: Browser;
  let outsider: Trader;
  let owner: DApp;
  let venue: DApp;
  let guardian: DApp;
  let venueKey: Address;
  let account: Address;
  let symbol: string;
  /** A trade far inside of the account's margin. */
  let size: string;

  const step = story();

  before(async () => {
    cluster = await startCluster();
    gateway = new Gateway(cluster.url);
    outsider = await Trader.of(cluster.config);
    symbol = cluster.config.markets[MARKET]!.symbol;
    const { price, decimals } = await outsider.price(MARKET);
    size = (500 / price).toFixed(Math.min(decimals, 4));
    browser = await launch();
    owner = await DApp.open(browser, cluster.url);
    venue = await DApp.open(browser, cluster.url);
  });
  after(async () => {
    await browser?.close();
    await cluster?.stop();
  });

  /** The ticket, filled in; not sent. */
  async function ticket(dapp: DApp, side: 'Buy' | 'Sell', amount: string) {
    await dapp.visit(`trade/${symbol}`);
    const form = dapp.card('Ask the backstop');
    await form.getByRole('radio', { name: side }).check();
    await form.getByLabel('Size').fill(amount);
    return form;
  }

  step('an owner with money in the account, and a venue without one', async () => {
    const wallet = await owner.connect();
    account = await outsider.house.marginAccount(wallet, 0);
    await owner.go('Portfolio');
    await owner.faucet();
    await owner.openAccount();
    await owner.deposit('5000');
    venueKey = await venue.connect();
    await gateway.faucet(venueKey);
    await venue.go('Portfolio');
    await venue.button('Open account').waitFor();
  });

  step('the venue looks at the account by its address, and is offered nothing', async () => {
    await venue.button('Open an account by its address').click();
    const dialog = venue.dialog('Open an account by its address');
    await dialog.getByLabel('Address of the margin account').fill('not an address');
    await dialog.getByRole('alert').filter({ hasText: 'no address' }).waitFor();
    await dialog.getByLabel('Address of the margin account').fill(account);
    await dialog.getByRole('button', { name: 'Open', exact: true }).click();
    await venue.says('You are looking at somebody else’s account');
    for (const name of ['Deposit', 'Withdraw', 'Settings', 'Name a delegate', 'Set levels'])
      assert.equal(await venue.button(name).count(), 0, name);
  });

  step(
    'the owner names the venue as delegate for a day, and sees what that changes before signing it',
    async () => {
      await owner.button('Name a delegate').click();
      const dialog = owner.dialog('Name a delegate');
      await dialog.getByLabel('Address of the delegate').fill(venueKey);
      assert.equal(await dialog.getByLabel('Trade', { exact: true }).isChecked(), true);
      assert.equal(await dialog.getByLabel('Deposit', { exact: true }).isChecked(), false);
      await dialog.getByLabel('For', { exact: true }).selectOption({ label: 'A day' });
      const shown = dialog.getByRole('table', { name: 'The delegate before and after' });
      await shown.getByRole('row', { name: /^May/ }).filter({ hasText: 'trade, reduce' }).waitFor();
      await dialog.getByRole('button', { name: 'Name this delegate' }).click();
      await owner.says('The delegate was named');
      await owner.card('Delegate').getByText('reduce', { exact: true }).waitFor();
      const event = await gateway.eventually(
        'DelegateSet',
        ({ data }) => data['account'] === account,
      );
      assert.equal(event.data['delegate'], venueKey);
    },
  );

  step(
    'the venue finds the account among those it acts for: it trades, and cannot take money out',
    async () => {
      await venue.go('Portfolio');
      await venue.says('You act for somebody else');
      for (const name of ['Deposit', 'Withdraw', 'Settings', 'Name a delegate'])
        assert.equal(await venue.button(name).count(), 0, name);
      await venue.trade(symbol, 'Buy', size);
      await owner.go('Portfolio');
      await owner.row('Positions', symbol).waitFor();
    },
  );

  step('with the power to deposit it pays in, from its own wallet', async () => {
    await owner.card('Delegate').getByRole('button', { name: 'Change' }).click();
    const dialog = owner.dialog('Change the delegate');
    await dialog.getByLabel('Deposit', { exact: true }).check();
    await dialog.getByLabel('Trade', { exact: true }).uncheck();
    await dialog.getByRole('button', { name: 'Change the delegate' }).click();
    await owner.says('The delegate was changed');
    await venue.go('Portfolio');
    await venue.button('Deposit').first().waitFor();
    await venue.deposit('250');
    await gateway.eventually(
      'Deposited',
      ({ data }) => data['account'] === account && data['amount'] === '250000000',
    );
  });

  step('with an account of its own it goes from one to the other', async () => {
    const which = venue.main.getByLabel('Margin account', { exact: true });
    const acting = venue.page.getByText('You act for somebody else');
    await venue.visit(`portfolio/${account}`);
    await acting.waitFor();
    await which.selectOption('new');
    const dialog = venue.dialog('New margin account');
    await dialog.getByRole('button', { name: 'Open account' }).click();
    await venue.says('Margin account opened');
    await acting.waitFor({ state: 'hidden' });
    assert.equal(await which.inputValue(), await outsider.house.marginAccount(venueKey, 0));
    await which.selectOption(account);
    await acting.waitFor();
  });

  step(
    'without the power to trade it may reduce, and is refused more risk in the words of the program',
    async () => {
      const form = await ticket(venue, 'Buy', size);
      await form.getByText(/lets you shrink positions/).waitFor();
      await form
        .getByRole('alert')
        .filter({ hasText: said('DelegateLacksPower') })
        .waitFor();
      assert.equal(await form.getByRole('button', { name: 'Request to buy' }).isDisabled(), true);
      await form.getByRole('radio', { name: 'Sell' }).check();
      await form.getByRole('table', { name: 'Margin before and after' }).waitFor();
      assert.equal(await form.getByRole('button', { name: 'Request to sell' }).isEnabled(), true);
    },
  );

  step('revoked, it may do nothing more', async () => {
    await owner.go('Portfolio');
    await owner.card('Delegate').getByRole('button', { name: 'Revoke' }).click();
    const dialog = owner.dialog('Revoke the delegate');
    const shown = dialog.getByRole('table', { name: 'The delegate before and after' });
    await shown
      .getByRole('row', { name: /^Delegate/ })
      .filter({ hasText: 'nobody' })
      .waitFor();
    await dialog.getByRole('button', { name: 'Revoke', exact: true }).click();
    await owner.says('The delegate was revoked');
    await owner
      .card('Delegate')
      .getByText(/Only its owner acts/)
      .waitFor();
    await owner.card('History').getByText('Delegate revoked').waitFor();
    await venue.visit(`portfolio/${account}`);
    await venue.says('You are looking at somebody else’s account');
    assert.equal(await venue.button('Deposit').count(), 0);
  });

  step('who is not the guardian is told who is, and offered nothing', async () => {
    await venue.go('Governance');
    await venue
      .card('Pauses')
      .getByText(/Nobody is the guardian now/)
      .waitFor();
    assert.equal(await venue.button('Pause…').count(), 0);
    assert.equal(await venue.button(/^Propose another/).count(), 0);
    assert.equal(await venue.button('Grant a mandate').count(), 0);
  });

  step(
    'governance proposes another guardian and thinks better of it, and grants and revokes a mandate',
    async () => {
      const key = cluster.keypair('governance');
      await gateway.faucet(addressOf(key));
      const governor = await DApp.open(browser, cluster.url, { key });
      try {
        await governor.connect();
        await governor.go('Governance');
        await governor.button('Propose another guardian').click();
        const dialog = governor.dialog('Propose another guardian');
        await dialog.getByLabel('Address').fill(venueKey);
        await dialog.getByRole('table', { name: 'The role before and after' }).waitFor();
        await dialog.getByRole('button', { name: 'Propose', exact: true }).click();
        await governor.says('Another guardian was proposed');
        const entries = governor
          .card('Proposals')
          .getByRole('listitem')
          .filter({ hasText: 'New guardian' });
        const entry = entries.filter({ has: governor.page.locator(`[title="${venueKey}"]`) });
        await entry.getByRole('button', { name: 'Cancel' }).click();
        await governor
          .dialog(/^Proposal #/)
          .getByRole('button', { name: 'End the proposal' })
          .click();
        await governor.says(/has ended/);
        await entry.waitFor({ state: 'hidden' });

        await governor.button('Grant a mandate').click();
        const grant = governor.dialog('Grant a mandate');
        await grant
          .getByLabel('Parameter', { exact: true })
          .selectOption({ label: 'Initial ratio' });
        await grant.getByLabel('Not below').fill('150');
        await grant.getByLabel('Not above').fill('140');
        await grant.getByRole('alert').filter({ hasText: 'above the most' }).waitFor();
        await grant.getByLabel('Not above').fill('180');
        await grant.getByRole('button', { name: 'Grant', exact: true }).click();
        await governor.says('The mandate was granted');
        const mandates = governor.card('Mandates of the steward');
        await mandates.getByRole('listitem').filter({ hasText: '150 % – 180 %' }).waitFor();
        await mandates.getByRole('button', { name: 'Revoke' }).click();
        await governor
          .dialog('Revoke the mandate')
          .getByRole('button', { name: 'Revoke', exact: true })
          .click();
        await governor.says('The mandate was revoked');
        await mandates.getByText('No mandate stands').waitFor();
        assert.deepEqual(governor.unexpected(), []);
      } finally {
        await governor.close();
      }
    },
  );

  step(
    'three days later somebody carries out what was proposed in the beginning: there is a guardian',
    async () => {
      const key = cluster.keypair('guardian');
      await gateway.faucet(addressOf(key));
      await gateway.travel(LONG_DELAY_S + 60);
      guardian = await DApp.open(browser, cluster.url, { key });
      await guardian.connect();
      await guardian.go('Governance');
      // The keeper applies what is ripe as well, and may be first.
      const roles = guardian.card('Roles').getByRole('listitem').filter({ hasText: 'Guardian' });
      await roles.getByText('you', { exact: true }).waitFor({ timeout: 90_000 });
    },
  );

  step(
    'the guardian pauses new risk for an hour, and sees what that changes before signing it',
    async () => {
      await guardian.button('Pause…').click();
      const dialog = guardian.dialog('Pause');
      assert.equal(await dialog.getByLabel('New risk').isChecked(), true);
      await dialog.getByLabel('For', { exact: true }).fill('25');
      await dialog.getByRole('alert').filter({ hasText: '24 hours at most' }).waitFor();
      await dialog.getByLabel('For', { exact: true }).fill('1');
      const shown = dialog.getByRole('table', { name: 'Pauses before and after' });
      await shown
        .getByRole('row', { name: /^New risk/ })
        .filter({ hasText: 'for' })
        .waitFor();
      await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
      await guardian.says('Paused');
      await guardian
        .card('Pauses')
        .getByText(/^ends in/)
        .waitFor();
    },
  );

  step(
    'a trade that adds risk is refused with the reason, and one that reduces is not',
    async () => {
      const form = await ticket(owner, 'Buy', size);
      await form
        .getByRole('alert')
        .filter({ hasText: said('Paused') })
        .waitFor();
      await owner.main.getByText('new risk paused').waitFor();
      assert.equal(await form.getByRole('button', { name: 'Request to buy' }).isDisabled(), true);
      await form.getByRole('radio', { name: 'Sell' }).check();
      await form.getByRole('table', { name: 'Margin before and after' }).waitFor();
    },
  );

  step('the guardian lifts the pause, and the trade goes through', async () => {
    await guardian.button('Lift the pause').click();
    await guardian
      .dialog('Lift the pause')
      .getByRole('button', { name: 'Lift', exact: true })
      .click();
    await guardian.says('The pause was lifted');
    await guardian
      .card('Pauses')
      .getByText(/^not again for/)
      .waitFor();
    const form = await ticket(owner, 'Buy', size);
    const button = form.getByRole('button', { name: 'Request to buy' });
    await owner.becomes('the trade to be allowed', () => button.isEnabled());
    await button.click();
    await owner.says('Asked to buy');
  });

  step('on a phone of 360 pixels the forms fit, and the pages that show powers', async () => {
    for (const dapp of [owner, guardian])
      await dapp.page.setViewportSize({ width: 360, height: 740 });
    const fits = async (dapp: DApp, what: string) => {
      const [wide, screen] = await dapp.page.evaluate(() => [
        Math.max(
          document.documentElement.scrollWidth,
          document.querySelector('dialog')?.scrollWidth ?? 0,
        ),
        document.documentElement.clientWidth,
      ]);
      assert.ok(wide! <= screen!, `${what} is ${wide} wide on a screen of ${screen}`);
    };
    await owner.go('Portfolio');
    await owner.card('Delegate').waitFor();
    await fits(owner, 'the portfolio');
    await owner.button('Name a delegate').click();
    await owner.dialog('Name a delegate').waitFor();
    await fits(owner, 'the delegate’s form');
    await guardian.go('Governance');
    await guardian.card('Mandates of the steward').waitFor();
    await fits(guardian, 'governance');
  });

  step('nothing failed in the console', async () => {
    for (const dapp of [owner, venue, guardian]) assert.deepEqual(dapp.unexpected(), []);
  });
});
