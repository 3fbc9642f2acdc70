import { Link, useLocation } from "@tanstack/react-router";
import { count } from "../../ui/Figures";
import { difference, folded, linesOf, type DiffLine } from "./difference";
import { Effect, Mode } from "./marks";
import css from "./policy.module.css";
import type { Policy } from "./policy";

// Text is what a document says, with the numbers of its lines.
export function Text({ of, label }: { of: string; label: string }) {
  const hash = useLocation({ select: (l) => l.hash });
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.text} role="region" aria-label={label} tabIndex={0}>
      <table role="presentation">
        <tbody>
          {linesOf(of).map((line, i) => (
            <tr key={i} id={`line-${i + 1}`} data-chosen={hash === `line-${i + 1}` || undefined}><td className={css.number}>{i + 1}</td><td>{line}</td></tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const signs = { same: " ", added: "+", removed: "−" };
const words = { same: "", added: "added: ", removed: "removed: " };

// Difference shows how one text became another; what is far from every change is left out.
export function Difference({ was, is, label }: { was: string; is: string; label: string }) {
  const lines = difference(was, is);
  if (!lines.some((l) => l.how !== "same")) return <p className="quiet">The text is the same.</p>;
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.text} role="region" aria-label={label} tabIndex={0}>
      <table role="presentation">
        <tbody>
          {folded(lines).map((l, i) => (typeof l === "number"
            ? <tr key={i} className={css.left}><td colSpan={4}>{l === 1 ? "1 line that is the same" : `${count(l)} lines that are the same`}</td></tr>
            : <Changed key={i} of={l} />))}
        </tbody>
      </table>
    </div>
  );
}

function Changed({ of: l }: { of: DiffLine }) {
  return (
    <tr className={css[l.how]}>
      <td className={css.number}>{l.was}</td><td className={css.number}>{l.is}</td>
      <td className={css.sign} aria-hidden>{signs[l.how]}</td><td>{l.how !== "same" && <span className="out-of-view">{words[l.how]}</span>}{l.text}</td>
    </tr>
  );
}

// Each lists the policies of a text: what they do, and what they would have done.
export function Each({ of, here }: { of: Policy[]; here: boolean }) {
  if (of.length === 0) return <p className="quiet">There is no policy in it.</p>;
  const counts = of.some((p) => p.would !== undefined);
  return (
    <>
      <table className={css.table} role="table" aria-label="Policies of the document">
        <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Policy</th><th role="columnheader" scope="col">Does</th><th role="columnheader" scope="col">Mode</th>{counts && <th role="columnheader" scope="col" className={css.n}>Would have changed</th>}<th role="columnheader" scope="col" className={css.n}>Line</th></tr></thead>
        <tbody role="rowgroup">
          {of.map((p) => (
            <tr key={p.id} role="row">
              <td role="cell"><span className={css.id}>{p.id}</span><div className="quiet">{p.reason}</div></td>
              <td role="cell"><Effect of={p.effect} /></td>
              <td role="cell"><Mode of={p.mode} /></td>
              {counts && <td role="cell" className={css.n} data-label={p.would === undefined ? undefined : "Would have changed"}>{p.would === undefined ? <span className="quiet">it counts</span> : p.would === 1 ? "1 decision" : `${count(p.would)} decisions`}</td>}
              <td role="cell" className={css.n} data-label="Line">{here ? <Link to="." search={true} hash={`line-${p.line}`} aria-label={`Line ${p.line}, ${p.id}`}>{p.line}</Link> : p.line}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {counts && <p className={`quiet ${css.after}`}>Counted on the node that answers, since it came into force there.</p>}
    </>
  );
}
