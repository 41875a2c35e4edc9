import '../../tx/review.css';

/** What stands now and what the program would make of it, side by side. */
export function BeforeAfter({
  caption,
  rows,
}: {
  caption: string;
  rows: readonly { label: string; before: string; after: string }[];
}) {
  return (
    <div className="comparison-box">
      <table className="comparison comparison-words">
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <td />
            <th scope="col">Now</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ label, before, after }) => (
            <tr key={label}>
              <th scope="row">{label}</th>
              <td>{before}</td>
              <td>{after}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
