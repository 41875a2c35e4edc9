import type { Address } from '@solana/kit';

/** One listed asset, as the gateway names it. */
export interface ConfigAsset {
  index: number;
  symbol: string;
  /** Null where the asset is a risk factor only. */
  mint: Address | null;
  decimals: number;
  config: Address;
  priceAccount: Address | null;
}

/** One listed market. */
export interface ConfigMarket {
  index: number;
  symbol: string;
  asset: number;
  market: Address;
  kind: 'perpetual' | 'option';
  backstop: Address | null;
}

/** Where everything is: `/config.json` of the gateway. */
export interface Config {
  cluster: string;
  rpcUrl: string;
  wsUrl: string;
  programId: Address;
  clearinghouse: Address;
  quoteMint: Address;
  board: Address;
  treasury: Address;
  quoteVault: Address;
  faucet: boolean;
  assets: ConfigAsset[];
  markets: ConfigMarket[];
}

const NEEDED = ['rpcUrl', 'wsUrl', 'programId', 'clearinghouse', 'quoteMint', 'board'] as const;

/** Fetches the configuration, and says in a sentence what is wrong with it. */
export async function loadConfig(signal?: AbortSignal): Promise<Config> {
  let response: Response;
  try {
    response = await fetch('config.json', { cache: 'no-store', signal });
  } catch {
    throw new Error('The gateway that serves this page does not answer. Is it still running?');
  }
  if (!response.ok) {
    throw new Error(`The gateway has no configuration (HTTP ${response.status} for config.json).`);
  }
  let config: Partial<Config>;
  try {
    config = (await response.json()) as Partial<Config>;
  } catch {
    throw new Error('What answers here is no Ballast gateway: config.json is not JSON.');
  }
  const missing = NEEDED.filter((key) => typeof config[key] !== 'string');
  if (missing.length > 0) throw new Error(`config.json lacks ${missing.join(', ')}.`);
  return { cluster: 'unknown', faucet: false, assets: [], markets: [], ...config } as Config;
}

/** Name of the quote token on screen. */
export const QUOTE_SYMBOL = 'USDC';
