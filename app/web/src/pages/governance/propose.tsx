import { instructions } from '@ballast/client';
import { useState } from 'react';
import { useClearinghouse, valueOf } from '../../chain/hooks';
import { useChain } from '../../chain/rpc';
import { Dialog, Field, Problem, SelectField } from '../../ui';
import { Act } from '../parts/act';
import { mandateIn, valueIn, type Books } from './books';
import { isLoosening, pace, PACES, parse, reach, say, unitOf, type Parameter } from './parameters';

interface Props {
  parameter: Parameter;
  index: number;
  books: Books;
  onClose: () => void;
  onSent: () => void;
}

/** The form for a move of a parameter: at once where it only binds new risk, as a proposal otherwise. */
export function Propose({ parameter, index, books, onClose, onSent }: Props) {
  const { deployment } = useChain();
  const house = valueOf(useClearinghouse());
  const [text, setText] = useState('');
  const token = books.token(parameter.target, index);
  const from = valueIn(books, parameter, index);
  const asSteward = !books.roles.governance;
  const mandate = asSteward ? mandateIn(books, parameter, index) : undefined;
  const { suffix } = unitOf(parameter, token);
  const parsed = text === '' ? undefined : parse(parameter, text, token);
  const to = typeof parsed === 'bigint' ? parsed : undefined;
  const name = books.name(parameter.target, index);
  if (from === undefined || !house) return null;
  const far = reach(parameter, from, asSteward);
  const atOnce = to !== undefined && pace(parameter, from, to) === 'atOnce';
  const value = (of: bigint) => say(parameter, of, token);
  const complaint =
    parsed !== undefined && typeof parsed !== 'bigint'
      ? parsed.error
      : to === undefined
        ? undefined
        : to === from
          ? 'That is what stands now.'
          : to < parameter.least || to > parameter.most
            ? `The code allows ${value(parameter.least)} to ${value(parameter.most)}.`
            : mandate && (to < mandate.least || to > mandate.most)
              ? `Your mandate goes from ${value(mandate.least)} to ${value(mandate.most)}.`
              : (asSteward || !atOnce) && (to < far.least || to > far.most)
                ? `One move may go from ${value(far.least)} to ${value(far.most)}.`
                : undefined;
  return (
    <Dialog title={`${parameter.title} of ${name}`} open onClose={onClose}>
      <div className="stack">
        <p className="muted">{parameter.docs}</p>
        <dl className="facts">
          <div>
            <dt>Now</dt>
            <dd className="num">
              <strong>{value(from)}</strong>
            </dd>
          </div>
          <div>
            <dt>One {asSteward ? 'move' : 'proposal'} reaches</dt>
            <dd className="num">
              {value(far.least)} – {value(far.most)}
            </dd>
          </div>
          {mandate && (
            <div>
              <dt>Your mandate</dt>
              <dd className="num">
                {value(mandate.least)} – {value(mandate.most)}
              </dd>
            </div>
          )}
        </dl>
        {parameter.unit === 'bits' ? (
          <SelectField label="New value" value={text} onChange={(e) => setText(e.target.value)}>
            <option value="">Choose</option>
            <option value="0">none</option>
            <option value="1">reduce-only</option>
          </SelectField>
        ) : (
          <Field
            label="New value"
            inputMode="decimal"
            autoComplete="off"
            value={text}
            suffix={suffix}
            error={complaint}
            onChange={(e) => setText(e.target.value)}
          />
        )}
        {to !== undefined && !complaint && (
          <Problem
            title={atOnce ? 'Moves at once' : isLoosening(parameter, from, to) ? 'Waits two days' : 'Announced'}
            tone={isLoosening(parameter, from, to) ? 'warn' : 'info'}
          >
            {atOnce
              ? 'It binds new risk only.'
              : isLoosening(parameter, from, to)
                ? parameter.loosens === 'either'
                  ? 'It has no safe direction, so everybody sees it two days before.'
                  : 'It takes protection away: everybody sees it two days before, and the guardian may cancel it.'
                : `It burdens who is there already: announced two days before, then it ${PACES[parameter.tightens]}.`}
          </Problem>
        )}
        <Act
          label={atOnce ? 'Change now' : 'Propose'}
          done={atOnce ? `${parameter.title} was changed` : `${parameter.title} was proposed`}
          draft={to === undefined || complaint ? undefined : `${parameter.name} ${index} ${from} ${to} ${house.proposals}`}
          make={async (authority) => {
            const move = { authority, parameter: parameter.index, target: index, from, to: to!, asSteward };
            return {
              instructions: [
                atOnce
                  ? await instructions.tighten(deployment, move)
                  : await instructions.propose(deployment, { ...move, id: house.proposals }),
              ],
            };
          }}
          onDone={() => {
            onClose();
            onSent();
          }}
        />
      </div>
    </Dialog>
  );
}
