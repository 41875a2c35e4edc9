import {
  getMandateDecoder,
  getProposalDecoder,
  MANDATE_DISCRIMINATOR,
  MANDATE_OFFSETS,
  PROPOSAL_DISCRIMINATOR,
  PROPOSAL_OFFSETS,
  type Mandate,
  type Proposal,
} from '@ballast/client';
import { useMemo } from 'react';
import { useBoard, useClearinghouse, useLiveAccount, useNow, valueOf } from '../../chain/hooks';
import { useProgramAccounts } from '../../chain/programAccounts';
import { useChain } from '../../chain/rpc';
import { Card, Problem, Skeleton } from '../../ui';
import { useWallet } from '../../wallet/context';
import { raw, useLiveAccounts } from '../parts/accounts';
import { PageHead } from '../parts/marks';
import { Changes } from './changes';
import type { Books } from './books';
import { ParameterTable } from './table';
import { Mandates } from './mandates';
import { Pauses } from './pause';
import { Roles } from './roles';
import { Proposals } from './list';
import './governance.css';

const decodeProposal = (data: Uint8Array): Proposal => getProposalDecoder().decode(data);
const decodeMandate = (data: Uint8Array): Mandate => getMandateDecoder().decode(data);

/** What may be changed, what is about to change, and who may do it. */
export default function GovernancePage() {
  const { config, deployment } = useChain();
  const { address } = useWallet();
  const now = useNow();
  const house = useClearinghouse();
  const clearinghouse = valueOf(useLiveAccount(deployment.clearinghouse, raw));
  const riskBoard = valueOf(useLiveAccount(deployment.board, raw));
  const board = valueOf(useBoard());
  const configs = useLiveAccounts(useMemo(() => config.assets.map((a) => a.config), [config]), raw);
  const markets = useLiveAccounts(useMemo(() => config.markets.map((m) => m.market), [config]), raw);
  const vaults = useLiveAccounts(useMemo(() => config.markets.map((m) => m.backstop), [config]), raw);
  const of = (discriminator: Uint8Array, offset: number) => ({
    discriminator,
    at: [{ offset, address: deployment.clearinghouse }],
  });
  const proposals = useProgramAccounts(
    useMemo(() => of(PROPOSAL_DISCRIMINATOR, PROPOSAL_OFFSETS.clearinghouse), [deployment]),
    decodeProposal,
  );
  const mandates = useProgramAccounts(
    useMemo(() => of(MANDATE_DISCRIMINATOR, MANDATE_OFFSETS.clearinghouse), [deployment]),
    decodeMandate,
    60,
  );
  if (house.state === 'missing' || house.state === 'unreadable') {
    return (
      <Problem title="The clearinghouse cannot be read">
        {house.state === 'missing' ? 'The address that the gateway names holds no account.' : house.error}
      </Problem>
    );
  }
  if (house.state === 'loading') return <Skeleton lines={8} />;
  const books: Books = {
    accounts: (target, index) => ({
      clearinghouse,
      riskBoard,
      assetConfig: target === 'asset' ? valueOf(configs[index] ?? { state: 'missing' }) : undefined,
      market: target === 'market' ? valueOf(markets[index] ?? { state: 'missing' }) : undefined,
      backstopVault: target === 'backstop' ? valueOf(vaults[index] ?? { state: 'missing' }) : undefined,
    }),
    name: (target, index) => {
      if (target === 'house') return 'the house';
      const named = (target === 'asset' ? config.assets : config.markets).find((x) => x.index === index);
      const symbol = named?.symbol ?? `${target} ${index}`;
      return target === 'backstop' ? `${symbol}’s backstop` : symbol;
    },
    token: (target, index) => {
      const at = target === 'asset' ? index : config.markets.find((m) => m.index === index)?.asset;
      const asset = target === 'house' ? undefined : config.assets.find((a) => a.index === at);
      return asset && { symbol: asset.symbol, decimals: asset.decimals };
    },
    roles: {
      governance: address === house.value.governance,
      steward: address === house.value.steward,
      guardian: address === house.value.guardian,
    },
    mandates: mandates.state === 'ready' ? mandates.accounts.map((found) => found.value) : [],
  };
  return (
    <div className="stack">
      <PageHead
        title="Governance"
        note="Governance sets bounds; inside them everything moves by itself. Whatever takes protection away waits, and what is signed today is void in a month."
      />
      <div className="split">
        <Card title="Proposals" note="Anybody may carry out what is ripe." flush>
          <Proposals found={proposals} books={books} now={now} />
        </Card>
        <div className="stack">
          <Card title="Roles">
            <Roles house={house.value} roles={books.roles} now={now} onSent={proposals.refresh} />
          </Card>
          <Card title="Pauses" note="Each ends by itself, and then rests.">
            {board ? (
              <Pauses house={house.value} header={board.header} roles={books.roles} now={now} />
            ) : (
              <Skeleton />
            )}
          </Card>
        </div>
      </div>
      <Mandates found={mandates} books={books} house={house.value} now={now} />
      <ParameterTable books={books} onSent={proposals.refresh} />
      <Card title="What changed lately" flush>
        <Changes books={books} now={now} />
      </Card>
    </div>
  );
}

