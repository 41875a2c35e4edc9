import type { Address, Instruction, TransactionSigner } from '@solana/kit';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { problemOf, type TxProblem } from '../../chain/errors';
import { useActs, useChain } from '../../chain/rpc';
import { sendInstructions, type Step } from '../../chain/send';
import { simulate, type Simulated } from '../../chain/transaction';
import { Button, Problem, useToast } from '../../ui';
import { useWallet } from '../../wallet/context';

/** What would be sent, and which accounts are to be looked at afterwards. */
export interface Draft {
  instructions: readonly Instruction[];
  look?: readonly Address[];
}

export type Trial =
  | { state: 'idle' }
  | { state: 'running' }
  | ({ state: 'ok' } & Simulated)
  | { state: 'refused'; problem: TxProblem };

type Make = (signer: TransactionSigner) => Promise<Draft>;

const PAUSE_MS = 300;
const AGAIN_MS = 8_000;

/**
 * Simulates what a form would send, whenever `key` changes, after each act of the user's, and every few seconds while it
 * stands: what holds now may not hold when a person has read it. Nothing is asked while `key` is undefined or no wallet is
 * connected.
 */
export function useTrial(key: string | undefined, make: Make): Trial {
  const chain = useChain();
  const acts = useActs();
  const { signer } = useWallet();
  const [found, setFound] = useState<{ key: string; trial: Trial }>();
  const latest = useRef(make);
  latest.current = make;
  const whole = key !== undefined && signer ? `${key} ${signer.address}` : undefined;
  useEffect(() => {
    if (whole === undefined || !signer) return;
    let gone = false;
    let timer: ReturnType<typeof setTimeout>;
    const run = async () => {
      let trial: Trial;
      try {
        const draft = await latest.current(signer);
        const simulated = await simulate(chain, signer.address, draft.instructions, draft.look);
        trial = simulated.ok
          ? { state: 'ok', ...simulated }
          : { state: 'refused', problem: simulated.problem };
      } catch (thrown) {
        trial = { state: 'refused', problem: problemOf(thrown) };
      }
      if (gone) return;
      setFound({ key: whole, trial });
      timer = setTimeout(() => void run(), AGAIN_MS);
    };
    timer = setTimeout(() => void run(), PAUSE_MS);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [whole, chain, signer, acts]);
  if (whole === undefined) return { state: 'idle' };
  return found?.key === whole ? found.trial : { state: 'running' };
}

const STEPS: Record<Step, string> = {
  simulating: 'Checking',
  signing: 'Sign in your wallet',
  sending: 'Sending',
  confirming: 'Confirming',
};

interface Props {
  /** What the button says. */
  label: string;
  /** What was done, for the message afterwards. */
  done: string;
  /** Names what is drafted; undefined: nothing yet. */
  draft: string | undefined;
  make: Make;
  look?: 'primary' | 'secondary' | 'danger';
  /** What the simulation shows, above the button. */
  preview?: (trial: Simulated) => ReactNode;
  onDone?: () => void;
}

/** The end of every form: what would happen, then the button that makes it happen. */
export function Act({ label, done, draft, make, look = 'primary', preview, onDone }: Props) {
  const chain = useChain();
  const { signer, address, wrongCluster, setChoosing } = useWallet();
  const toast = useToast();
  const trial = useTrial(draft, make);
  const [step, setStep] = useState<Step>();
  const [failed, setFailed] = useState<TxProblem>();
  useEffect(() => setFailed(undefined), [draft]);
  if (!address) {
    return (
      <Button look={look} onClick={() => setChoosing(true)}>
        Connect a wallet
      </Button>
    );
  }
  const act = async () => {
    if (!signer) return;
    setFailed(undefined);
    setStep('simulating');
    try {
      const { instructions } = await make(signer);
      await sendInstructions(chain, signer, instructions, setStep);
      toast({ tone: 'good', title: done });
      onDone?.();
    } catch (thrown) {
      setFailed(problemOf(thrown));
    } finally {
      setStep(undefined);
    }
  };
  const problem = failed ?? (trial.state === 'refused' ? trial.problem : undefined);
  return (
    <div className="stack-s">
      {trial.state === 'ok' && preview?.(trial)}
      {problem && draft !== undefined && <TxNotice problem={problem} />}
      <div className="row">
        <Button
          look={look}
          busy={step !== undefined}
          disabled={!signer || wrongCluster || draft === undefined || trial.state !== 'ok'}
          onClick={() => void act()}
        >
          {step ? STEPS[step] : label}
        </Button>
        {trial.state === 'running' && !step && <span className="small faint">Checking with the program…</span>}
      </div>
    </div>
  );
}

/** Why a transaction was not made, and what to do. */
export function TxNotice({ problem }: { problem: TxProblem }) {
  return (
    <Problem title={problem.title} tone={problem.kind === 'rejected' ? 'info' : 'bad'}>
      <p>{problem.words}</p>
      {problem.advice && <p>{problem.advice}</p>}
      {problem.logs && problem.logs.length > 0 && (
        <details className="small">
          <summary>What the node logged</summary>
          <pre className="logs">{problem.logs.join('\n')}</pre>
        </details>
      )}
    </Problem>
  );
}
