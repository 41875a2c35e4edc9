import { StandardDisconnect } from '@wallet-standard/features';
import { useConnect, useDisconnect, type UiWallet } from '@wallet-standard/react';
import { useState } from 'react';
import { useChain } from '../chain/rpc';
import { problemOf } from '../chain/errors';
import { Badge, Button, Dialog, Empty, Problem, useToast } from '../ui';
import { shortAddress } from '../ui/format';
import { useWallet } from './context';
import { FaucetButton } from './Faucet';

/** In the header: connect, or who is connected. */
export function WalletButton() {
  const { address, wrongCluster, setChoosing } = useWallet();
  const [open, setOpen] = useState(false);
  if (!address) {
    return (
      <Button look="primary" size="small" onClick={() => setChoosing(true)}>
        <span>
          Connect<span className="desktop-only"> wallet</span>
        </span>
      </Button>
    );
  }
  return (
    <>
      <button type="button" className="wallet-chip" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <span className={`dot ${wrongCluster ? 'dot-bad' : 'dot-good'}`} aria-hidden="true" />
        <span className="visually-hidden">Wallet </span>
        <span className="mono">{shortAddress(address)}</span>
      </button>
      <WalletDialog open={open} onClose={() => setOpen(false)} />
    </>
  );
}

/** The list of wallets; shown wherever something needs one. */
export function ConnectDialog() {
  const { choosing, setChoosing, wallets } = useWallet();
  return (
    <Dialog title="Connect a wallet" open={choosing} onClose={() => setChoosing(false)}>
      {wallets.length === 0 ? (
        <Empty title="No Solana wallet is here">
          Install one as an extension of this browser, allow it on this page, and load the page anew.
        </Empty>
      ) : (
        <ul className="stack-s">
          {wallets.map((w) => (
            <li key={w.name}>
              <WalletRow wallet={w} />
            </li>
          ))}
        </ul>
      )}
    </Dialog>
  );
}

function WalletRow({ wallet }: { wallet: UiWallet }) {
  const { use } = useWallet();
  const toast = useToast();
  const [busy, connect] = useConnect(wallet);
  const pick = async () => {
    try {
      const accounts = await connect();
      const account = accounts[0] ?? wallet.accounts[0];
      if (account) use(wallet, account);
      else toast({ tone: 'warn', title: 'The wallet gave no account' });
    } catch (error) {
      const problem = problemOf(error);
      const rejected = problem.kind === 'rejected';
      toast({
        tone: 'warn',
        title: rejected ? 'You declined the connection' : 'The wallet did not connect',
        text: rejected ? undefined : problem.words,
      });
    }
  };
  return (
    <button type="button" className="wallet-row" disabled={busy} onClick={() => void pick()}>
      <img src={wallet.icon} alt="" width={28} height={28} />
      <span>{wallet.name}</span>
      {wallet.name === 'Burner' && <Badge>local, signs without asking</Badge>}
    </button>
  );
}

function WalletDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { wallets, walletName, address, wrongCluster, forget, setChoosing } = useWallet();
  const { config } = useChain();
  const toast = useToast();
  const wallet = wallets.find((w) => w.name === walletName);
  if (!address || !wallet) return null;
  return (
    <Dialog title="Wallet" open={open} onClose={onClose}>
      <div className="stack">
        <div className="row">
          <img src={wallet.icon} alt="" width={28} height={28} />
          <div>
            <div>{wallet.name}</div>
            <div className="mono small faint breakable">{address}</div>
          </div>
        </div>
        {wrongCluster && (
          <Problem tone="warn" title={`This wallet does not serve ${config.cluster}`}>
            You see everything, and can sign nothing: choose this cluster in the wallet, or another wallet.
          </Problem>
        )}
        <div className="row">
          <Button
            size="small"
            onClick={() => {
              void navigator.clipboard.writeText(address).then(
                () => toast({ tone: 'good', title: 'Address copied' }),
                () => toast({ tone: 'warn', title: 'The browser does not allow copying' }),
              );
            }}
          >
            Copy address
          </Button>
          <FaucetButton />
          <Button
            size="small"
            onClick={() => {
              onClose();
              setChoosing(true);
            }}
          >
            Other wallet
          </Button>
          {wallet.features.includes(StandardDisconnect) ? (
            <Disconnect wallet={wallet} onDone={onClose} forget={forget} />
          ) : (
            <Button
              size="small"
              look="danger"
              onClick={() => {
                forget();
                onClose();
              }}
            >
              Disconnect
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}

function Disconnect({
  wallet,
  onDone,
  forget,
}: {
  wallet: UiWallet;
  onDone: () => void;
  forget: () => void;
}) {
  const [busy, disconnect] = useDisconnect(wallet);
  return (
    <Button
      size="small"
      look="danger"
      busy={busy}
      onClick={() => {
        // A wallet that fails to disconnect is forgotten all the same.
        void disconnect().catch(() => undefined);
        forget();
        onDone();
      }}
    >
      Disconnect
    </Button>
  );
}
