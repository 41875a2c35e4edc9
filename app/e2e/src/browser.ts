/** Chromium as Debian packages it, without the connections that it makes of its own accord. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

export async function launch(): Promise<Browser> {
  if (!existsSync(EXECUTABLE))
    throw new Error(`${EXECUTABLE} is not there: install the package chromium, or name a Chromium in CHROMIUM`);
  return chromium.launch({ executablePath: EXECUTABLE, headless: true, args: QUIET });
}

export type Look = { dark?: boolean; phone?: boolean };

export async function context(browser: Browser, { dark, phone }: Look = {}): Promise<BrowserContext> {
  return browser.newContext({
    viewport: phone ? PHONE : DESKTOP,
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    ...(phone && { isMobile: true, hasTouch: true, deviceScaleFactor: 2 }),
  });
}

/** What the page complained about in the console, what it was refused, and exceptions that nobody caught. */
export function complaints(page: Page): string[] {
  const said: string[] = [];
  page.on('pageerror', (error) => said.push(`uncaught: ${error.message}`));
  page.on('console', (message) => {
    // The console does not tell what was refused, nor why: the answer does.
    const refused = /^Failed to load resource: the server responded/.test(message.text());
    if (message.type() === 'error' && !refused) said.push(message.text());
  });
  page.on('response', (response) => {
    if (response.status() < 400) return;
    const at = said.push(`${response.url()}: HTTP ${response.status()}`) - 1;
    const why = (text: string) => void (said[at] += ` ${text.slice(0, 500)}`);
    response.text().then(why, () => undefined);
  });
  return said;
}
