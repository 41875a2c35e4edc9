import { useEffect, useId, useRef, type ReactNode } from 'react';

interface Props {
  title: string;
  open: boolean;
  onClose: () => void;
  children: ReactNode;
}

/**
 * A modal dialog: the browser's own element, which traps focus and closes on Escape; a click beside it closes it too,
 * and focus goes back to where it was. On a phone it rises from the lower edge.
 */
export function Dialog({ title, open, onClose, children }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (!open || !dialog) return;
    const opener = document.activeElement;
    if (!dialog.open) dialog.showModal();
    return () => {
      // Who opened it may be gone by now, as a button to connect is once one is connected.
      requestAnimationFrame(() => {
        if (document.activeElement !== document.body) return;
        const back = opener instanceof HTMLElement && opener.isConnected && opener !== document.body;
        (back ? opener : document.getElementById('main'))?.focus({ preventScroll: true });
      });
    };
  }, [open]);
  if (!open) return null;
  return (
    <dialog
      ref={ref}
      className="dialog"
      aria-labelledby={id}
      onClose={onClose}
      onCancel={onClose}
      onMouseDown={(e) => e.target === ref.current && onClose()}
    >
      <div className="dialog-inner">
        <header className="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
            <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
              <path d="m5 5 10 10M15 5 5 15" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />
            </svg>
          </button>
        </header>
        <div className="dialog-body">{children}</div>
      </div>
    </dialog>
  );
}
