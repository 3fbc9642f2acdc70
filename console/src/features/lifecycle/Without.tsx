import { sentence } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { count } from "../../ui/Figures";
import { Named } from "../access/Named";
import { sourceText } from "../access/source";
import css from "./lifecycle.module.css";

type Value = NonNullable<AnswerOf<"try-birthright">["without"]>[number];

// Without says which values no variant is for: whoever has them is given nothing for them.
export function Without({ of }: { of: Value[] | null }) {
  if (!of || of.length === 0) return null;
  return (
    <div>
      <h3>No variant is for these values: they give nothing</h3>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={css.scroll} role="region" aria-label="Values without a variant" tabIndex={0}>
        <table className={css.table}>
          <thead><tr><th scope="col">Role</th><th scope="col">Value</th><th scope="col" className={css.n}>People</th><th scope="col">Such as</th></tr></thead>
          <tbody>
            {of.map((w) => (
              <tr key={`${w.role.id} ${w.parameter} ${w.value}`}>
                <td><Named of={w.role} /></td>
                <td>{w.why ? sentence(w.why) : <>{w.value ? <strong>{w.value}</strong> : "None"} <span className="quiet">{w.parameter} {sourceText({ from: w.from })}</span></>}</td>
                <td className={css.n}>{count(w.people)}</td>
                <td><div className={css.people}>{(w.first ?? []).slice(0, 3).map((who) => <Named key={who.id} of={who} />)}</div></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
