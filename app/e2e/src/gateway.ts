/** The gateway as the tests use it: what happened, who stands how, and the controls that only a local cluster has. */
import type { Address } from '@solana/kit';
import { until } from './wait';

export type HouseEvent = { id: number; t: number; kind: string; signature: string; data: Record<string, unknown> };
export type Standing = { address: Address; owner: Address; equity: string; mm: string; health: number | null };

export class Gateway {
  constructor(readonly url: string) {}

  /** SOL, quote and a little of every coin. */
  faucet(address: Address): Promise<unknown> {
    return this.#post('faucet', { address });
  }

  /** Moves a price by basis points over some seconds, on top of its path. */
  shock(asset: string, bps: number, seconds: number): Promise<unknown> {
    return this.#post('shock', { asset, bps, seconds });
  }

  /** Lets so many seconds pass at once. */
  travel(seconds: number): Promise<unknown> {
    return this.#post('time', { seconds });
  }

  status(): Promise<Record<string, unknown>> {
    return this.#get('/control/status');
  }

  /** Newest first. */
  events(query: { kind?: string; account?: Address; limit?: number }): Promise<HouseEvent[]> {
    const search = new URLSearchParams(
      Object.entries(query).map(([name, value]) => [name, String(value)]),
    );
    return this.#get(`/api/events?${search}`);
  }

  /** Accounts, those nearest to liquidation first. */
  accounts(): Promise<Standing[]> {
    return this.#get('/api/accounts?sort=health&limit=50');
  }

  /** Waits for an event. */
  eventually(kind: string, such: (event: HouseEvent) => boolean = () => true, within = 60_000): Promise<HouseEvent> {
    const found = async () => (await this.events({ kind, limit: 50 })).find(such);
    return until(`the event ${kind}`, found, { within });
  }

  async #get<T>(path: string): Promise<T> {
    return answer(await fetch(`${this.url}${path}`));
  }

  async #post(what: string, body: unknown): Promise<unknown> {
    return answer(
      await fetch(`${this.url}/control/${what}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    );
  }
}

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url}: HTTP ${response.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
