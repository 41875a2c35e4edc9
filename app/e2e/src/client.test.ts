/** The TypeScript client against a cluster: what the dApp does, without a browser. */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Cluster } from './cluster';
import { Gateway } from './gateway';
import { sharedCluster } from './shared';
import { Refused, Trader } from './trader';
import { until } from './wait';

export default () => describe('the TypeScript client against a cluster', () => {
  let cluster: Cluster;
  let gateway: Gateway;
  let trader: Trader;

  before(async () => {
    cluster = await sharedCluster();
    gateway = new Gateway(cluster.url);
    trader = await Trader.of(cluster.config);
  });

  test('the faucet gives quote', async () => {
    await gateway.faucet(trader.signer.address);
    const quote = await until('quote in the wallet', () => trader.wallet());
    assert.ok(quote > 1_000_000_000n, `only ${quote} micro-units`);
  });

  test('an account is opened and holds what was deposited', async () => {
    await trader.enter(1_000_000_000n);
    const { owner, quote } = await trader.state();
    assert.equal(owner, trader.signer.address);
    assert.equal(quote, 1_000_000_000n);
    assert.equal((await trader.health()).equity, 1_000_000_000n);
  });

  test('a trade against the backstop is executed by somebody, and needs margin', async () => {
    const { price, decimals } = await trader.price(0);
    const base = BigInt(Math.round((1_500 / price) * 10 ** decimals));
    await trader.trade(0, base);
    assert.equal(await trader.position(0), base);
    const { maintenance, initial } = await trader.health();
    assert.ok(maintenance > 0n && initial > maintenance, `MM ${maintenance}, IM ${initial}`);
  });

  test('a withdrawal below initial margin is refused in the words of the program', async () => {
    await assert.rejects(trader.withdraw(950_000_000n), (error) => {
      assert.ok(error instanceof Refused);
      assert.equal(error.failure, 'BelowInitialMargin');
      assert.match(error.message, /margin/i);
      return true;
    });
  });

  test('what margin does not need may leave', async () => {
    await trader.withdraw(100_000_000n);
    const { equity } = await trader.health();
    assert.ok(equity < 905_000_000n && equity > 850_000_000n, `equity ${equity}`);
  });

  test('the gateway tells of it in the order in which it happened', async () => {
    const kinds = ['MarginAccountOpened', 'Deposited', 'TradeRequested', 'Filled', 'Withdrawn'];
    await gateway.eventually('Withdrawn', ({ data }) => data['account'] === trader.account);
    const told = (await gateway.events({ account: trader.account, limit: 50 })).map(({ kind }) => kind).reverse();
    assert.deepEqual(
      told.filter((kind) => kinds.includes(kind)),
      kinds,
    );
  });
});
