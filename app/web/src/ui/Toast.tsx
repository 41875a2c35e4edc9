import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from 'react';

export interface ToastMessage {
  tone: 'good' | 'warn' | 'bad' | 'info';
  title: string;
  text?: ReactNode;
}

const ToastContext = createContext<(message: ToastMessage) => void>(() => {});

/** Says something in passing: `const toast = useToast(); toast({ tone: 'good', title: 'Deposited' })`. */
export function useToast() {
  return useContext(ToastContext);
}

const LIFE_MS = 7_000;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [messages, setMessages] = useState<(ToastMessage & { id: number })[]>([]);
  const drop = useCallback((id: number) => setMessages((m) => m.filter((x) => x.id !== id)), []);
  const say = useCallback(
    (message: ToastMessage) => {
      const id = Date.now() + Math.random();
      setMessages((m) => [...m.slice(-3), { ...message, id }]);
      // What went wrong stays until it is read.
      if (message.tone !== 'bad') setTimeout(() => drop(id), LIFE_MS);
    },
    [drop],
  );
  const list = useMemo(
    () =>
      messages.map((m) => (
        <div key={m.id} className={`toast toast-${m.tone}`} role={m.tone === 'bad' ? 'alert' : 'status'}>
          <div>
            <strong>{m.title}</strong>
            {m.text && <p>{m.text}</p>}
          </div>
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => drop(m.id)}>
            <svg viewBox="0 0 20 20" width="16" height="16" aria-hidden="true">
              <path d="m5 5 10 10M15 5 5 15" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />
            </svg>
          </button>
        </div>
      )),
    [messages, drop],
  );
  return (
    <ToastContext.Provider value={say}>
      {children}
      <div className="toasts" aria-live="polite">
        {list}
      </div>
    </ToastContext.Provider>
  );
}
