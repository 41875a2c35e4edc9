import { useState } from 'react';
import { useSelectedAccount } from '../../chain/accounts';
import { openAccount } from '../../chain/actions';
import { useChain } from '../../chain/rpc';
import { go } from '../../router';
import { ProblemNotice } from '../../tx/Review';
import { usePreview } from '../../tx/usePreview';
import { useSend } from '../../tx/useSend';
import { Button, Dialog, Problem, Segmented, SelectField } from '../../ui';
import { useWallet } from '../../wallet/context';
import { FaucetButton } from '../../wallet/Faucet';

/** A new sub-account. */
export function OpenDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Dialog title="New margin account" open={open} onClose={onClose}>
      {open && <OpenForm onDone={onClose} />}
    </Dialog>
  );
}

export function OpenForm({ onDone }: { onDone: () => void }) {
  const chain = useChain();
  const { signer, address: owner } = useWallet();
  const { list, choose } = useSelectedAccount();
  const [mode, setMode] = useState<'cross' | 'isolated'>('cross');
  const [market, setMarket] = useState(chain.config.markets[0]?.index);
  const sending = useSend();
  const taken = new Set(list.state === 'ready' ? list.accounts.map((a) => a.value.subAccount) : []);
  let number = 0;
  while (taken.has(number)) number++;
  const isolated = mode === 'isolated' ? market : undefined;
  const known = list.state === 'ready';
  const preview = usePreview(
    `open ${number} ${isolated ?? ''}`,
    known && signer && !sending.busy ? () => openAccount(chain, signer, number, isolated) : undefined,
    owner,
  );
  const submit = async () => {
    const done = await sending.send('Margin account opened', (by) => openAccount(chain, by, number, isolated));
    if (!done || !owner) return;
    choose(await chain.deployment.marginAccount(owner, number));
    list.refresh();
    // The page may stand on another account's address.
    go('portfolio');
    onDone();
  };
  const problem = sending.problem ?? (preview.state === 'refused' ? preview.problem : undefined);
  return (
    <div className="stack">
      <Segmented
        label="Margin mode"
        value={mode}
        onChange={setMode}
        options={[
          { key: 'cross', title: 'Cross' },
          { key: 'isolated', title: 'Isolated' },
        ]}
      />
      <p className="small muted">
        {mode === 'cross'
          ? 'All markets share one margin: what hedges each other is margined as one book.'
          : 'One market, with quote and that market’s asset as collateral: what is lost there is lost there.'}
      </p>
      {mode === 'isolated' && (
        <SelectField label="Market" value={market} onChange={(e) => setMarket(Number(e.target.value))}>
          {chain.config.markets.map((m) => (
            <option key={m.index} value={m.index}>
              {m.symbol}
            </option>
          ))}
        </SelectField>
      )}
      <p className="small faint">
        Its rent, a little SOL, comes back when you close it. The mode can be changed while the account is empty.
      </p>
      {problem?.kind === 'funds' && chain.config.faucet ? (
        <Problem title={problem.title} tone="info" action={<FaucetButton />}>
          {problem.words} The faucet of this cluster gives you some, and tokens for trying.
        </Problem>
      ) : (
        problem && <ProblemNotice problem={problem} />
      )}
      <Button
        look="primary"
        className="button-wide"
        busy={sending.busy}
        disabled={!signer || !known || preview.state !== 'ready'}
        onClick={() => void submit()}
      >
        {sending.step ?? 'Open account'}
      </Button>
    </div>
  );
}
