import { useMemo, useState } from 'react';
import { useChain } from '../../chain/rpc';
import { href, useRoute } from '../../router';
import { Button, Card, Empty, Field, Table, type Column } from '../../ui';
import { mandateIn, valueIn, type Books } from './books';
import { PACES, PARAMETERS, say, step, type Parameter, type Target } from './parameters';
import { Propose } from './propose';

/** Every parameter of the house, of an asset or of a market, with what the program lets governance do with it. */
export function ParameterTable({ books, onSent }: { books: Books; onSent: () => void }) {
  const { config } = useChain();
  const { rest } = useRoute();
  const [search, setSearch] = useState('');
  const [chosen, setChosen] = useState<Parameter>();
  const { target, index } = useMemo((): { target: Target; index: number } => {
    const asset = rest[0] === 'asset' ? config.assets.find((a) => a.symbol === rest[1]) : undefined;
    if (asset) return { target: 'asset', index: asset.index };
    const market = rest[0] === 'market' ? config.markets.find((m) => m.symbol === rest[1]) : undefined;
    return market ? { target: 'market', index: market.index } : { target: 'house', index: 0 };
  }, [rest, config]);
  const token = books.token(target, index);
  const wanted = search.trim().toLowerCase();
  const backed = target === 'market' && config.markets.some((m) => m.index === index && m.backstop !== null);
  const rows = PARAMETERS.filter(
    (p) =>
      (p.target === target || (backed && p.target === 'backstop')) && `${p.title} ${p.name} ${p.docs}`.toLowerCase().includes(wanted),
  );
  const groups = [...new Set(rows.map((row) => row.group))];
  const mayMove = (p: Parameter) =>
    books.roles.governance || (books.roles.steward && mandateIn(books, p, index) !== undefined);
  const columns: Column<Parameter>[] = [
    {
      title: 'Parameter',
      cell: (p) => (
        <span className="parameter">
          <strong>{p.title}</strong>
          <span className="small muted">{p.docs}</span>
        </span>
      ),
    },
    {
      title: 'Value',
      numeric: true,
      cell: (p) => {
        const value = valueIn(books, p, index);
        return <strong>{value === undefined ? '–' : say(p, value, token)}</strong>;
      },
    },
    {
      title: 'Code bounds',
      numeric: true,
      cell: (p) => `${say(p, p.least, token, true)} – ${say(p, p.most, token, true)}`,
    },
    {
      title: 'Loosens',
      cell: (p) => (p.loosens === 'either' ? 'either way' : p.loosens === 'up' ? '↑ upwards' : '↓ downwards'),
    },
    { title: 'Tightens', cell: (p) => (p.loosens === 'either' ? '–' : PACES[p.tightens]) },
    { title: 'Step', cell: (p) => <span className="small">{step(p, token)}</span> },
  ];
  if (books.roles.governance || books.roles.steward) {
    columns.push({
      title: '',
      cell: (p) =>
        mayMove(p) ? (
          <Button size="small" onClick={() => setChosen(p)} aria-label={`Change ${p.title}`}>
            Change
          </Button>
        ) : null,
    });
  }
  const pick = (name: string, at: string[], current: boolean) => (
    <a key={name} className="pick" href={href('governance', at)} aria-current={current ? 'true' : undefined}>
      {name}
    </a>
  );
  return (
    <Card
      title="Parameters"
      note={`Where each stands, and how the program lets it move. ${PARAMETERS.length} of them: of the house, of each asset, market and backstop.`}
      flush
    >
      <div className="filters">
        <nav className="picks" aria-label="Whose parameters">
          {pick('House', [], target === 'house')}
          {config.assets.map((a) => pick(a.symbol, ['asset', a.symbol], target === 'asset' && index === a.index))}
          {config.markets.map((m) => pick(m.symbol, ['market', m.symbol], target === 'market' && index === m.index))}
        </nav>
        <Field
          label="Find a parameter"
          type="search"
          placeholder="haircut, penalty, window …"
          value={search}
          onChange={(e) => setSearch(e.target.value)}
        />
      </div>
      {rows.length === 0 && <Empty title="No such parameter">Nothing of {books.name(target, index)} matches.</Empty>}
      {groups.map((group) => (
        <section key={group} className="parameter-group" aria-label={group}>
          {groups.length > 1 && <h3>{group[0]!.toUpperCase() + group.slice(1)}</h3>}
          <Table
            caption={`Parameters: ${group}`}
            columns={columns}
            rows={rows.filter((row) => row.group === group)}
            rowKey={(p) => p.index}
          />
        </section>
      ))}
      {chosen && (
        <Propose
          parameter={chosen}
          index={index}
          books={books}
          onClose={() => setChosen(undefined)}
          onSent={onSent}
        />
      )}
    </Card>
  );
}
