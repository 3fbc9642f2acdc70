import { IconPick } from "@tabler/icons-react";
import { Answer, Failed } from "../../../shell/Answer";
import { Blank } from "../../../ui/Blank";
import { count } from "../../../ui/Figures";
import { Page } from "../../../ui/Page";
import { Panel } from "../../../ui/Panel";
import { Rows } from "../../../ui/Rows";
import { Time } from "../../../ui/Time";
import { people } from "../words";
import { RunState } from "./marks";
import css from "./mine.module.css";
import { numberText, sizeText, trail, useRuns, type Run } from "./mining";
import { Start } from "./Start";

// Workbench answers which roles are hidden in who holds what: it starts mining runs, and
// leads to those that are there.
export function Workbench() {
  const runs = useRuns();
  return (
    <Page title="Which roles are hidden in who holds what?" trail={trail} lead="Mining proposes the fewest roles that give everybody just what they have. It changes nothing: what you adopt becomes a draft, which somebody else reviews.">
      {runs.error ? <Panel><Failed error={runs.error} onRetry={() => void runs.refetch()} /></Panel> : (
        <div className={css.bench}>
          <Panel title="Mining runs" note="the last 20 are kept, and others see them" flush>
            <Answer to={runs} lines={5}>
              {(all) => ((all.items ?? []).length === 0
                ? <Blank sign={IconPick} title="Nothing was mined yet" text="Begin with one system that you know: what is found there is easy to judge." />
                : <Rows items={(all.items ?? []).map((r) => ({ key: r.id, to: `/roles/mining/${r.id}`, title: titleOf(r), note: noteOf(r), end: <RunState of={r.state} /> }))} />)}
            </Answer>
          </Panel>
          <Start of={runs.data} />
        </div>
      )}
    </Page>
  );
}

function titleOf(r: Run): string {
  if (r.totals) return `${count(r.totals.number)} ${r.totals.number === 1 ? "role" : "roles"} in ${sizeText(r)}`;
  return sizeText(r)[0]!.toUpperCase() + sizeText(r).slice(1);
}

function noteOf(r: Run) {
  const by = r.by ? (r.by.hidden ? "somebody" : r.by.name) : "the node";
  return (
    <>
      {r.question.unit && <>people of {r.question.unit}, </>}
      {r.totals ? `${people(r.totals.users)}, ${numberText(r.totals)}, ` : r.error ? `${r.error}, ` : ""}
      asked for by {by} <Time at={r.asked_at} />
    </>
  );
}
