import { useState } from 'react';
import { useChain } from '../chain/rpc';
import { Button, useToast } from '../ui';
import { useWallet } from './context';

/** SOL, quote and a little of each coin, on a local cluster. */
export function FaucetButton({ look = 'secondary' }: { look?: 'primary' | 'secondary' }) {
  const { config, live } = useChain();
  const { address } = useWallet();
  const toast = useToast();
  const [busy, setBusy] = useState(false);
  if (!config.faucet || !address) return null;
  const ask = async () => {
    setBusy(true);
    try {
      const response = await fetch('control/faucet', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ address }),
      });
      if (!response.ok) {
        const said = (await response.json().catch(() => ({}))) as { error?: string };
        throw new Error(said.error ?? `The faucet answers with HTTP ${response.status}.`);
      }
      toast({ tone: 'good', title: 'Test tokens are in your wallet' });
      await live.acted();
    } catch (error) {
      const text = error instanceof TypeError ? 'The gateway does not answer.' : (error as Error).message;
      toast({ tone: 'bad', title: 'The faucet gave nothing', text });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button size={look === 'primary' ? 'normal' : 'small'} look={look} busy={busy} onClick={() => void ask()}>
      Get test tokens
    </Button>
  );
}
