/**
 * An option that governance lists, and what the dApp shows of it: its terms, its mark, and what a position in it is
 * worth. The house is one of their own, because three days pass until a listing is ripe.
 */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { after, before, describe } from 'node:test';
import type { Browser } from 'playwright-core';
import {
  ADD_MARKET_DISCRIMINATOR,
  fetchClearinghouse,
  getAddMarketInstruction,
  getAddMarketInstructionDataEncoder,
  getMatchFillInstruction,
  getProposeListingInstruction,
  symbolBytes,
} from '@ballast/client';
import * as kit from '@solana/kit';
import { launch } from './browser';
import { startCluster, type Cluster } from './cluster';
import { DApp, addressOf, amount } from './dapp';
import { Gateway } from './gateway';
import { story } from './steps';
import { Trader } from './trader';
import { until } from './wait';

const DAYS = 24 * 3_600;
const SYMBOL = 'SOL-CALL';
const DEPOSIT = 2_000n * 1_000_000n;
/** Whole tokens that are traded. */
const TOKENS = 20;

/** A new key as a keypair file has it. */
function keypair(): Uint8Array {
  const { x, d } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' });
  return Uint8Array.from([...Buffer.from(d!, 'base64url'), ...Buffer.from(x!, 'base64url')]);
}

const signerOf = (key: Uint8Array) => kit.createKeyPairSignerFromBytes(key);

export default () => describe('an option', () => {
  let cluster: Cluster;
  let gateway: Gateway;
  let browser: Browser;
  let governance: Trader;
  let market: number;
  let strike: number;
  let listing: Parameters<ReturnType<typeof getAddMarketInstructionDataEncoder>['encode']>[0];
  let proposal: kit.Address;
  let dapp: DApp;
  let holder: Trader;
  let decimals: number;

  const step = story();

  before(async () => {
    cluster = await startCluster();
    gateway = new Gateway(cluster.url);
    const key = cluster.keypair('governance');
    await gateway.faucet(addressOf(key));
    governance = await Trader.of(cluster.config, await signerOf(key));
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await cluster?.stop();
  });

  step('is listed three days after governance has announced it', async () => {
    const { house, signer } = governance;
    const underlying = cluster.config.markets.find(({ symbol }) => symbol === 'SOL-PERP')!;
    const { price, decimals: places } = await governance.price(underlying.index);
    decimals = places;
    strike = Math.round(price * 1.05);
    const now = Number((await gateway.status())['now']);
    listing = {
      symbol: symbolBytes(SYMBOL),
      asset: underlying.asset,
      bandBps: 1_000,
      feeBps: 5,
      penaltyBps: 50,
      profitCap: 1_000_000_000_000n,
      openInterestCap: 10_000_000_000_000n,
      option: {
        isPut: false,
        strike: BigInt(strike),
        exponent: 0,
        expiry: BigInt(now + 33 * DAYS),
        windowS: 1_800,
        shortMinimumBps: 500,
      },
    };
    const rpc = kit.createSolanaRpc(cluster.config.rpcUrl);
    const { data } = await fetchClearinghouse(rpc, house.clearinghouse, {
      commitment: 'confirmed',
    });
    market = data.marketCount;
    proposal = await house.proposal(data.proposals);
    // As the program has it: name, index, no mint, and the arguments as they will be sent.
    const args = getAddMarketInstructionDataEncoder()
      .encode(listing)
      .slice(ADD_MARKET_DISCRIMINATOR.length);
    const hash = createHash('sha256').update('add_market').update(Uint8Array.of(market));
    const parts = {
      payer: signer,
      governance: signer,
      clearinghouse: house.clearinghouse,
      proposal,
    };
    await governance.send([
      getProposeListingInstruction({
        ...parts,
        hash: hash.update(new Uint8Array(32)).update(args).digest(),
      }),
    ]);
    await gateway.travel(3 * DAYS + 60);
    await governance.send([
      getAddMarketInstruction({
        ...parts,
        ...listing,
        board: house.board,
        market: await house.market(market),
      }),
    ]);
    await until('the gateway to know it', async () => {
      const config = (await (
        await fetch(`${cluster.url}/config.json`)
      ).json()) as Cluster['config'];
      return config.markets.some(({ symbol, kind }) => symbol === SYMBOL && kind === 'option');
    });
  });

  step('shows its terms and its mark, before anybody holds one', async () => {
    dapp = await DApp.open(browser, cluster.url);
    await dapp.visit(`markets/${SYMBOL}`);
    const facts = dapp.card('The option');
    await facts.getByText('European call').waitFor();
    const fact = (name: RegExp) =>
      facts.locator('dl > div').filter({ hasText: name }).locator('dd').innerText();
    assert.equal(amount(await fact(/^Strike/)), strike);
    await dapp.becomes('its mark to be said', async () => amount(await fact(/^Mark/)) > 0);
    assert.match(await fact(/^Implied volatility/), /none/);
    await dapp.visit(`trade/${SYMBOL}`);
    await dapp.card('Trade').getByText('has no backstop').waitFor();
    await dapp.main.getByText('Mark', { exact: true }).waitFor();
    assert.deepEqual(dapp.unexpected(), []);
    await dapp.close();
  });

  step(
    'a position in it shows the value that the program’s own health has in its equity',
    async () => {
      const key = keypair();
      await gateway.faucet(addressOf(key));
      holder = await Trader.of(cluster.config, await signerOf(key));
      const writer = await Trader.of(cluster.config);
      await gateway.faucet(writer.signer.address);
      for (const trader of [holder, writer]) await trader.enter(DEPOSIT);
      dapp = await DApp.open(browser, cluster.url, { key });
      await dapp.connect();
      await dapp.visit(`trade/${SYMBOL}`);
      const mark = dapp.main.locator('.stat').filter({ hasText: /^Mark/ }).locator('dd').first();
      await dapp.becomes('its mark to be said', async () => amount(await mark.innerText()) > 0);
      const premium = BigInt(Math.round(amount(await mark.innerText()) * TOKENS * 1e6));
      await holder.send([
        getMatchFillInstruction({
          board: holder.house.board,
          market: await holder.house.market(market),
          taker: holder.account,
          maker: writer.account,
          takerAuthority: holder.signer,
          makerAuthority: writer.signer,
          base: BigInt(TOKENS) * 10n ** BigInt(decimals),
          quote: premium,
        }),
      ]);
      await dapp.go('Portfolio');
      await dapp.row('Positions', SYMBOL).waitFor();
      assert.match(
        await dapp.row('Positions', SYMBOL).innerText(),
        new RegExp(`call at ${strike}`),
      );
      // Prices go on between two questions: the two come together within a few percent.
      await dapp.becomes('both to say the same', async () => {
        const { quote, positions } = await holder.state();
        const { entry } = positions.find((slot) => slot.base !== 0n)!;
        const { equity } = await holder.health();
        const held = Number(equity - quote - entry) / 1e6;
        const shown = amount((await dapp.cell('Positions', SYMBOL, 'Value')).split('\n')[0]!);
        return held > 0 && Math.abs(shown - held) <= 0.03 * held + 0.02;
      });
      assert.deepEqual(dapp.unexpected(), []);
    },
  );
});
