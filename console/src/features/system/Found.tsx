import { Alert } from "@mantine/core";
import { count } from "../../ui/Figures";
import css from "./flow.module.css";
import type { Run } from "./system";

type Preview = NonNullable<NonNullable<Run["outcome"]>["preview"]>;

const what = [["Accounts", "accounts"], ["Entitlements", "entitlements"], ["Grants", "grants"], ["Resources", "resources"], ["Credentials", "credentials"]] as const;

// Found is what a sync would change, in numbers and with the first of each.
export function Found({ of }: { of: Preview }) {
  const examples = what.flatMap(([label, key]) => (of[key].first ?? []).map((e) => ({ ...e, label })));
  return (
    <>
      {of.refused && <Alert color="red" variant="light" title="A sync would stop here">{of.refused}</Alert>}
      {(of.waits ?? []).length > 0 && <Alert color="blue" variant="light">It is understood whole once these are read: {(of.waits ?? []).join(", ")}.</Alert>}
      <div className={css.scroll}>
        <table className={css.table} aria-label="What a sync would change">
          <thead><tr><th scope="col">A sync would find</th><th scope="col" className={css.n}>New</th><th scope="col" className={css.n}>Different</th><th scope="col" className={css.n}>Gone</th></tr></thead>
          <tbody>
            {what.map(([label, key]) => (
              <tr key={key}><th scope="row">{label}</th><td className={css.n}>{count(of[key].added)}</td><td className={css.n}>{count(of[key].changed)}</td><td className={css.n}>{count(of[key].removed)}</td></tr>
            ))}
          </tbody>
        </table>
      </div>
      {examples.length > 0 && (
        <details className={css.more}>
          <summary>The first of each</summary>
          <ul className={css.quietList}>
            {examples.map((e, i) => <li key={i}>{e.label.replace(/s$/, "")} {e.change}: {e.holder ? `${e.holder} → ` : ""}{e.name}{e.kind && <span className="quiet"> {e.kind}</span>}</li>)}
          </ul>
        </details>
      )}
    </>
  );
}
