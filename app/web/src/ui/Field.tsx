import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes } from 'react';
import { decimal, parseDecimal } from './format';

interface Frame {
  label: string;
  hint?: ReactNode;
  error?: string;
}

function Messages({ id, hint, error }: { id: string; hint?: ReactNode; error?: string }) {
  if (error) {
    return (
      <p id={id} className="field-error" role="alert">
        {error}
      </p>
    );
  }
  return hint ? (
    <p id={id} className="field-hint">
      {hint}
    </p>
  ) : null;
}

/** A labelled input. */
export function Field({
  label,
  hint,
  error,
  suffix,
  ...input
}: Frame & { suffix?: ReactNode } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  const described = error || hint ? `${id}-m` : undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className={`input ${error ? 'input-bad' : ''}`}>
        <input
          {...input}
          id={id}
          aria-invalid={error ? true : undefined}
          aria-describedby={described}
        />
        {suffix && <span className="suffix">{suffix}</span>}
      </div>
      <Messages id={`${id}-m`} hint={hint} error={error} />
    </div>
  );
}

/** A labelled choice. */
export function SelectField({
  label,
  hint,
  error,
  children,
  ...select
}: Frame & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  const described = error || hint ? `${id}-m` : undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="input">
        <select {...select} id={id} aria-describedby={described}>
          {children}
        </select>
      </div>
      <Messages id={`${id}-m`} hint={hint} error={error} />
    </div>
  );
}

/** A labelled box to tick, with what it means. */
export function CheckField({
  label,
  hint,
  ...input
}: { label: ReactNode; hint?: ReactNode } & Omit<InputHTMLAttributes<HTMLInputElement>, 'type'>) {
  const id = useId();
  return (
    <div className="check">
      <input {...input} id={id} type="checkbox" aria-describedby={hint ? `${id}-m` : undefined} />
      <label htmlFor={id}>{label}</label>
      {hint && (
        <p id={`${id}-m`} className="field-hint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** Boxes or fields that belong together, under one name. */
export function FieldGroup({ label, error, children }: { label: string; error?: string; children: ReactNode }) {
  return (
    <fieldset className="field-group">
      <legend>{label}</legend>
      {children}
      {error && (
        <p className="field-error" role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}

export interface AmountProps {
  label: string;
  /** What was typed; the parent keeps it. */
  text: string;
  onText: (text: string) => void;
  decimals: number;
  symbol: string;
  /** Shown and offered as "Max", native units. */
  available?: { label: string; amount: bigint };
  hint?: ReactNode;
  /** Said instead of the own complaint. */
  error?: string;
  /** Whether an empty field already complains. */
  touched?: boolean;
  disabled?: boolean;
}

/** An amount of a token: typed as a decimal, meant in native units, exactly. */
export function AmountField(props: AmountProps) {
  const { label, text, onText, decimals, symbol, available, hint, touched, disabled } = props;
  const id = useId();
  const parsed = parseDecimal(text, decimals);
  const complaint = typeof parsed === 'bigint' || (text === '' && !touched) ? '' : parsed.error;
  const error = props.error ?? complaint;
  return (
    <div className="field">
      <div className="spread">
        <label htmlFor={id}>{label}</label>
        {available && (
          <span className="small faint">
            {available.label}{' '}
            <button
              type="button"
              className="link num"
              disabled={disabled || available.amount <= 0n}
              title="Use all of it"
              onClick={() => onText(plain(available.amount, decimals))}
            >
              {decimal(available.amount, decimals, { most: 6 })}
            </button>
          </span>
        )}
      </div>
      <div className={`input ${error ? 'input-bad' : ''}`}>
        <input
          id={id}
          className="num"
          inputMode="decimal"
          autoComplete="off"
          placeholder="0.00"
          value={text}
          disabled={disabled}
          aria-invalid={error ? true : undefined}
          aria-describedby={error || hint ? `${id}-m` : undefined}
          onChange={(e) => onText(e.target.value)}
        />
        <span className="suffix">{symbol}</span>
      </div>
      <Messages id={`${id}-m`} hint={hint} error={error} />
    </div>
  );
}

/** An amount as a person would type it: no groups, nothing cut. */
export function plain(amount: bigint, decimals: number): string {
  return decimal(amount, decimals).replace(/,/g, '');
}
