/**
 * The dApp as somebody uses it: pages, dialogs and figures by the roles and names that a screen reader would read out. What
 * these objects cannot find, nobody can find without looking.
 */
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { generateKeyPairSigner, getAddressDecoder, type Address } from '@solana/kit';
import { complaints, context, type Look } from './browser';
import { until } from './wait';

/** Pages, by the words of the menu. */
export const PAGES = [
  'Portfolio',
  'Trade',
  'Markets',
  'Risk',
  'Liquidations',
  'Backstop',
  'Governance',
] as const;
export type PageName = (typeof PAGES)[number];

/** What a transaction may take, with its simulation and its confirmation. */
const SENT_MS = 30_000;

export type Person = {
  /** Who the burner wallet is: the 64 bytes of a keypair file. */
  key?: Uint8Array;
  /** Whether there is also a wallet, called Refuser, that signs nothing and knows only what the standard demands. */
  rejecting?: boolean;
};

export class DApp {
  private constructor(
    readonly page: Page,
    readonly context: BrowserContext,
    readonly url: string,
    readonly complaints: string[],
  ) {}

  /** A new browser profile on the dApp. */
  static async open(browser: Browser, url: string, as: Look & Person = {}): Promise<DApp> {
    const profile = await context(browser, as);
    const page = await profile.newPage();
    page.setDefaultTimeout(SENT_MS);
    if (as.key) await keepKey(page, url, as.key);
    if (as.rejecting) await page.addInitScript(refuser, (await generateKeyPairSigner()).address);
    const said = complaints(page);
    await page.goto(`${url}/`);
    return new DApp(page, profile, url, said);
  }

  /** What went wrong; not that an account has no value while its prices are late, which the dApp says. */
  unexpected(): string[] {
    return this.complaints.filter((line) => !/explain: HTTP 422/.test(line));
  }

  close(): Promise<void> {
    return this.context.close();
  }

  get main(): Locator {
    return this.page.getByRole('main');
  }

  /** An open dialog, by its title. */
  dialog(title: string | RegExp): Locator {
    return this.page.getByRole('dialog', { name: title });
  }

  button(name: string | RegExp, within: Locator = this.main): Locator {
    return within.getByRole('button', { name, exact: typeof name === 'string' });
  }

  /** A part of a page, by its title. */
  card(title: string | RegExp): Locator {
    return this.page.getByRole('region', { name: title });
  }

  /** What is said in passing, or stands above everything: toasts and notices. */
  says(words: string | RegExp): Promise<void> {
    const said = this.page.getByRole('status').or(this.page.getByRole('alert')).filter({ hasText: words });
    return said.first().waitFor({ timeout: SENT_MS });
  }

  /** By the menu: the bar at the top, or on a phone the one at the bottom. */
  async go(name: PageName): Promise<void> {
    const menu = this.page.getByRole('navigation', { name: /^Pages/ }).filter({ visible: true });
    await menu.waitFor();
    const entry = menu.getByRole('link', { name, exact: true });
    if (await entry.isVisible()) await entry.click();
    else {
      await menu.getByRole('button', { name: 'More' }).click();
      await this.dialog('More').getByRole('link', { name, exact: true }).click();
    }
    await this.page.waitForFunction((title) => document.title.startsWith(title), name);
  }

  /** By address, as a bookmark would. */
  async visit(path: string): Promise<void> {
    await this.page.goto(`${this.url}/#/${path}`);
  }

  /** Connects a wallet, and says whose it is. */
  async connect(name = 'Burner'): Promise<Address> {
    await this.button(/^Connect/, this.page.getByRole('banner')).click();
    await this.button(new RegExp(`^${name}`), this.dialog('Connect a wallet')).click();
    return this.wallet();
  }

  /** The connected wallet's address. */
  async wallet(): Promise<Address> {
    await this.button(/^Wallet/, this.page.getByRole('banner')).click();
    const dialog = this.dialog('Wallet');
    const text = await dialog.getByText(/^[1-9A-HJ-NP-Za-km-z]{32,44}$/).innerText();
    await dialog.getByRole('button', { name: 'Close', exact: true }).click();
    return text.trim() as Address;
  }

  /** Tokens for trying. */
  async faucet(): Promise<void> {
    await this.button('Get test tokens').first().click();
    await this.says('Test tokens are in your wallet');
  }

  async openAccount(): Promise<void> {
    await this.go('Portfolio');
    await this.button('Open account').click();
    await this.button('Deposit').first().waitFor();
  }

  /** Fills the dialog for deposits and withdrawals, as far as its button. */
  async funds(way: 'Deposit' | 'Withdraw', amount: string, token?: string): Promise<Locator> {
    await this.go('Portfolio');
    await this.button(way).first().click();
    const dialog = this.dialog('Move funds');
    if (token) await dialog.getByLabel('Token').selectOption({ label: token });
    await dialog.getByLabel('Amount').fill(amount);
    return dialog;
  }

  async deposit(amount: string, token?: string): Promise<void> {
    const dialog = await this.funds('Deposit', amount, token);
    await dialog.getByRole('tabpanel').getByRole('button', { name: 'Deposit', exact: true }).click();
    await this.says(/^Deposited/);
    await dialog.waitFor({ state: 'hidden' });
  }

  /** Asks the backstop for a trade, and waits until it is filled. */
  async trade(market: string, side: 'Buy' | 'Sell', size: string): Promise<void> {
    await this.visit(`trade/${market}`);
    const ticket = this.card('Ask the backstop');
    await ticket.getByRole('radio', { name: side }).check();
    await ticket.getByLabel('Size').fill(size);
    await ticket.getByRole('button', { name: `Request to ${side.toLowerCase()}` }).click();
    await this.says(new RegExp(`Asked to ${side.toLowerCase()}`));
    await this.row('Positions', market).waitFor({ timeout: 60_000 });
  }

  /** Levels of health at which the chain announces that they were passed. */
  async setAlerts(levels: readonly number[]): Promise<void> {
    await this.go('Portfolio');
    const alerts = this.card('Alerts');
    await alerts.getByRole('button', { name: /^(Set levels|Change)$/ }).click();
    for (let i = 0; i < 4; i++)
      await alerts.getByLabel(`Level ${i + 1}`).fill(levels[i] === undefined ? '' : String(levels[i]));
    await alerts.getByRole('button', { name: 'Save levels' }).click();
    await this.says('Alert levels set');
  }

  /** Health in percent of maintenance margin, as the gauge says it; infinite without risk. */
  async health(): Promise<number> {
    const gauge = this.page.getByRole('figure', { name: /^Health/ });
    await gauge.waitFor();
    const label = (await gauge.getAttribute('aria-label')) ?? '';
    const percent = /Health (?:> )?([\d,.]+) ?%/.exec(label)?.[1];
    return percent === undefined ? Infinity : Number(percent.replace(/,/g, ''));
  }

  /** A figure of the gauge: equity, maintenance margin, initial margin; quote tokens. */
  async figure(name: 'Equity' | 'Maintenance margin' | 'Initial margin'): Promise<number> {
    const gauge = this.page.getByRole('figure', { name: /^Health/ });
    const row = gauge.locator('dl > div').filter({ has: this.page.getByText(name, { exact: true }) });
    return amount(await row.locator('dd').innerText());
  }

  /** A row of a table, by its caption and what stands in it. */
  row(caption: string | RegExp, words: string | RegExp): Locator {
    return this.page
      .getByRole('table', { name: caption })
      .getByRole('row')
      .filter({ hasText: words })
      .first();
  }

  /** The cell of a row under a heading. */
  async cell(caption: string | RegExp, words: string | RegExp, heading: string): Promise<string> {
    const row = this.row(caption, words);
    return (await row.locator(`td[data-label="${heading}"]`).innerText()).trim();
  }

  /** Waits until a figure is what is looked for. */
  becomes(what: string, look: () => Promise<boolean>, within = 60_000): Promise<true> {
    return until(what, async () => ((await look()) ? true : undefined), { within });
  }
}

/** A number out of text: currency, groups and signs aside. */
export function amount(text: string): number {
  const digits = text.replace(/[^\d.,−-]/g, '').replace(/,/g, '').replace('−', '-');
  return Number(digits);
}

/** Puts a key where the burner wallet keeps its own, before the dApp first looks there. */
async function keepKey(page: Page, url: string, seed: Uint8Array): Promise<void> {
  await page.goto(`${url}/config.json`);
  await page.evaluate(async (bytes) => {
    const pair = await pairOf(Uint8Array.from(bytes));
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('ballast-burner', 1);
      request.onupgradeneeded = () => request.result.createObjectStore('keys');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    await new Promise<void>((resolve, reject) => {
      const writing = db.transaction('keys', 'readwrite');
      writing.objectStore('keys').put(pair, 'burner');
      writing.oncomplete = () => resolve();
      writing.onerror = () => reject(writing.error);
    });
    db.close();

    async function pairOf(key: Uint8Array): Promise<CryptoKeyPair> {
      const prefix = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
      const pkcs8 = Uint8Array.from([...prefix, ...key.slice(0, 32)]);
      const raw = key.slice(32, 64);
      const [privateKey, publicKey] = await Promise.all([
        crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']),
        crypto.subtle.importKey('raw', raw, 'Ed25519', true, ['verify']),
      ]);
      return { privateKey, publicKey };
    }
  }, [...seed]);
}

/** Runs in the page: registers a wallet, as the wallet standard has it, whose user declines everything. */
function refuser(address: string): void {
  const digits = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  let number = 0n;
  for (const digit of address) number = number * 58n + BigInt(digits.indexOf(digit));
  const publicKey = Uint8Array.from({ length: 32 }, (_, at) => Number((number >> BigInt(8 * (31 - at))) & 0xffn));
  const chains = ['solana:localnet'];
  const accounts = [{ address, publicKey, chains, features: ['solana:signTransaction'] }];
  const wallet = {
    version: '1.0.0',
    name: 'Refuser',
    icon: 'data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=',
    chains,
    accounts,
    features: {
      'standard:connect': { version: '1.0.0', connect: async () => ({ accounts }) },
      'standard:events': { version: '1.0.0', on: () => () => undefined },
      'solana:signTransaction': {
        version: '1.0.0',
        supportedTransactionVersions: ['legacy', 0],
        signTransaction: () => Promise.reject(new Error('User rejected the request.')),
      },
    },
  };
  const register = ({ register: add }: { register: (wallet: unknown) => void }) => add(wallet);
  window.addEventListener('wallet-standard:app-ready', (event) => register((event as CustomEvent).detail));
  window.dispatchEvent(new CustomEvent('wallet-standard:register-wallet', { detail: register }));
}

/** The address of a keypair file's 64 bytes. */
export const addressOf = (key: Uint8Array): Address => getAddressDecoder().decode(key.slice(32, 64));
