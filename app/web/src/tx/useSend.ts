import type { Instruction, Signature, TransactionSigner } from '@solana/kit';
import { useCallback, useState } from 'react';
import { problemOf, type TxProblem } from '../chain/errors';
import { useChain } from '../chain/rpc';
import { sendInstructions, type Step } from '../chain/send';
import { useToast } from '../ui';
import { useWallet } from '../wallet/context';

const STEPS: Record<Step, string> = {
  simulating: 'Checking…',
  signing: 'Sign in your wallet…',
  sending: 'Sending…',
  confirming: 'Waiting for the cluster…',
};

export interface Sending {
  /** Sends what `build` gives; resolves to nothing where it did not go through. */
  send: (
    done: string,
    build: (signer: TransactionSigner) => Promise<readonly Instruction[]>,
  ) => Promise<Signature | undefined>;
  busy: boolean;
  /** What is happening, while it is. */
  step?: string;
  problem?: TxProblem;
  clear: () => void;
}

/** Signs and sends with the connected wallet, tells how far it is, and says what went wrong. */
export function useSend(): Sending {
  const chain = useChain();
  const { signer } = useWallet();
  const toast = useToast();
  const [step, setStep] = useState<Step>();
  const [problem, setProblem] = useState<TxProblem>();
  const clear = useCallback(() => setProblem(undefined), []);
  const send = useCallback<Sending['send']>(
    async (done, build) => {
      if (!signer) return undefined;
      setProblem(undefined);
      setStep('simulating');
      try {
        const signature = await sendInstructions(chain, signer, await build(signer), setStep);
        toast({ tone: 'good', title: done });
        return signature;
      } catch (error) {
        setProblem(problemOf(error));
        return undefined;
      } finally {
        setStep(undefined);
      }
    },
    [chain, signer, toast],
  );
  return { send, busy: step !== undefined, step: step && STEPS[step], problem, clear };
}
