import { useQuery } from "@tanstack/react-query";
import { api, ask } from "../../client/client";
import { Time } from "../../ui/Time";
import { Life } from "../access/marks";
import { Named } from "../access/Named";
import css from "./doubt.module.css";
import type { Item } from "./Doubts";

// Beside puts what a row says beside whose its number was, or is.
export function Beside({ of: d }: { of: Item }) {
  const id = d.left?.id;
  const card = useQuery({ queryKey: ["identity", id], enabled: id !== undefined, queryFn: () => ask(api.GET("/v1/identities/{id}", { params: { path: { id: id! } } })) });
  const c = card.data;
  const job = (c?.affiliations ?? [])[0];
  const theirs: [string, string | undefined, string | undefined][] = [["Number", d.number || d.row, c?.number], ["Email", d.email, c?.email]];
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.scroll} role="region" aria-label={`What speaks for whom: ${d.name}`} tabIndex={0}>
      <table className={css.beside}>
        <thead><tr><td /><th scope="col">The row in {d.source_name}</th>{d.left && <th scope="col">{d.kind === "rehire" ? "Who has left" : "Whose it is"}</th>}</tr></thead>
        <tbody>
          <tr><th scope="row">Name</th><td>{d.name}</td>{d.left && <td><Named of={d.left} />{d.kind === "rehire" && <span className={`${css.verdict} ${css.differs}`}>≠ no word of it is the same</span>}</td>}</tr>
          {theirs.map(([name, row, other]) => (
            <tr key={name}><th scope="row">{name}</th><td>{row || <span className="quiet">–</span>}</td>{d.left && <td>{other || <span className="quiet">–</span>}<Verdict of={row} and={other} /></td>}</tr>
          ))}
          {c && (
            <>
              <tr><th scope="row">State</th><td><span className="quiet">does not count</span></td><td><Life of={c.state} /></td></tr>
              {job && <tr><th scope="row">Last worked</th><td><span className="quiet">–</span></td><td>{[job.title, job.unit].filter(Boolean).join(", ")}{job.end && <>, until <Time at={job.end} absolute /></>}</td></tr>}
            </>
          )}
        </tbody>
      </table>
    </div>
  );
}

function Verdict({ of: a, and: b }: { of?: string; and?: string }) {
  if (!a || !b) return null;
  return a.toLowerCase() === b.toLowerCase() ? <span className={`${css.verdict} ${css.same}`}>= the same</span> : <span className={`${css.verdict} ${css.differs}`}>≠ different</span>;
}
