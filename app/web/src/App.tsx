import { useCallback, useEffect, useState } from 'react';
import { SelectedAccountProvider } from './chain/accounts';
import { loadConfig, type Config } from './chain/config';
import { ChainProvider } from './chain/rpc';
import { Shell } from './Shell';
import { Button, Problem, Skeleton, ToastProvider } from './ui';
import { WalletProvider } from './wallet/context';

export function App() {
  const [config, setConfig] = useState<Config>();
  const [error, setError] = useState<string>();
  const load = useCallback(() => {
    setError(undefined);
    loadConfig().then(setConfig, (e: Error) => setError(e.message));
  }, []);
  useEffect(load, [load]);
  // A gateway that is only starting is found without a reload.
  useEffect(() => {
    if (!error) return;
    const timer = setTimeout(() => loadConfig().then(setConfig, () => load()), 4_000);
    return () => clearTimeout(timer);
  }, [error, load]);

  if (!config) {
    return (
      <main className="lonely">
        {error ? (
          <Problem title="Ballast cannot be reached" action={<Button onClick={load}>Try again</Button>}>
            {error}
          </Problem>
        ) : (
          <Skeleton label="Looking for the clearinghouse" />
        )}
      </main>
    );
  }
  return (
    <ChainProvider config={config}>
      <ToastProvider>
        <WalletProvider config={config}>
          <SelectedAccountProvider>
            <Shell />
          </SelectedAccountProvider>
        </WalletProvider>
      </ToastProvider>
    </ChainProvider>
  );
}
