import type { Address } from '@solana/kit';
import { useEvents } from '../../api/hooks';
import { useChain } from '../../chain/rpc';
import { Button, Card, Empty, Problem, Skeleton, Table, type Column } from '../../ui';
import type { HouseEvent } from '../../api/client';
import { clock } from '../../ui/format';
import { OWN_KINDS, storyOf } from './story';

/** What happened to the account. */
export function History({ address }: { address: Address }) {
  const { config } = useChain();
  const feed = useEvents(OWN_KINDS, address);
  const columns: Column<HouseEvent>[] = [
    {
      title: 'What',
      cell: (e) => {
        const story = storyOf(e, config, address);
        return <span className={story.tone === 'plain' ? '' : story.tone}>{story.title}</span>;
      },
    },
    { title: 'Detail', cell: (e) => <span className="num">{storyOf(e, config, address).text}</span> },
    { title: 'When', numeric: true, cell: (e) => clock(e.t) },
  ];
  return (
    <Card
      title="History"
      flush={!!feed.data}
      actions={
        feed.data && feed.error ? <span className="small warn">not up to date: {feed.error.message}</span> : undefined
      }
    >
      {feed.data ? (
        <>
          <Table
            caption="History of the account"
            columns={columns}
            rows={feed.data}
            rowKey={(e) => e.id}
            empty={<Empty title="Nothing has happened yet" />}
          />
          {feed.older && (
            <div className="card-inset">
              <Button size="small" onClick={feed.older}>
                Older
              </Button>
            </div>
          )}
        </>
      ) : feed.error ? (
        <Problem
          tone="warn"
          title="History is not at hand"
          action={
            <Button size="small" onClick={feed.again}>
              Ask again
            </Button>
          }
        >
          {feed.error.message} Everything else on this page comes from the chain.
        </Problem>
      ) : (
        <Skeleton lines={3} label="Loading history" />
      )}
    </Card>
  );
}
