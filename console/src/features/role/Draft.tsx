import { useState } from "react";
import { Link } from "@tanstack/react-router";
import { IconMinus, IconPencil, IconPlus } from "@tabler/icons-react";
import { Mark } from "../../ui/Mark";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { MayButton } from "../access/MayButton";
import { Named } from "../access/Named";
import { Approve, Discard, Publish, SendBack, Submit } from "./Decide";
import { changesOf } from "./draft";
import { Impact } from "./Impact";
import { DraftState } from "./marks";
import type { Draft as Open, Part, Shown, Versioned } from "./role";
import css from "./role.module.css";
import { valuesText, writerName, writerNames } from "./words";

type Verb = "submit" | "approve" | "back" | "publish" | "discard";

const dialogs = { submit: Submit, approve: Approve, back: SendBack, publish: Publish, discard: Discard };

// Draft is what a role is to become: what that changes, for whom, and what can be done
// with it now.
export function Draft({ of, draft }: { of: Versioned; draft: Open }) {
  const r = of.data;
  return (
    <div className={css.draft}>
      <div className={ui.column}>
        <Panel title={r.published ? "What it changes" : "What it gives"} note={<DraftState of={draft.state} />}>
          <div className={css.column}>
            <Changes of={r} draft={draft} />
            <Facts items={[
              ["Written by", writerNames(draft.authors, r.writers)], ["Changed", <Time key="t" at={draft.since} />],
              ["Made from", draft.base > 0 && `version ${draft.base}`], ["Approved by", draft.state === "approved" && writerName(draft.reviewer, r.writers)],
              ["The reviewer said", draft.note && `“${draft.note}”`],
            ]}
            />
            <Buttons of={of} draft={draft} />
          </div>
        </Panel>
      </div>
      <div className={ui.column}><Impact id={r.id} draft={draft} /></div>
    </div>
  );
}

// Buttons keeps the dialog that was begun, also where the draft changes under it, or one
// before it ends only now.
function Buttons({ of, draft }: { of: Versioned; draft: Open }) {
  const [doing, setDoing] = useState<Verb>();
  const Dialog = doing && dialogs[doing];
  const may = of.data.may ?? {};
  return (
    <div className={css.buttons}>
      {draft.state === "draft" && <MayButton may={may["role.change"]} onClick={() => setDoing("submit")}>Submit for review</MayButton>}
      {draft.state === "review" && <MayButton may={may["role.review"]} onClick={() => setDoing("approve")}>Approve</MayButton>}
      {draft.state === "review" && <MayButton may={may["role.review"]} variant="default" onClick={() => setDoing("back")}>Send it back</MayButton>}
      {draft.state === "approved" && <MayButton may={may["role.publish"]} onClick={() => setDoing("publish")}>Publish</MayButton>}
      <MayButton may={may["role.change"]} variant="default" onClick={() => setDoing("discard")}>Discard</MayButton>
      {Dialog && <Dialog key={doing} of={of} onClose={() => setDoing((now) => (now === doing ? undefined : now))} />}
    </div>
  );
}

function Changes({ of, draft }: { of: Shown; draft: Open }) {
  if (!of.published) return <ul className={css.changes}>{(draft.parts ?? []).map((p, i) => <Line key={i} of={p} added />)}</ul>;
  const { added, removed, said } = changesOf(of.published, draft);
  if (added.length + removed.length + said.length === 0) return <p className="quiet">It says the same as what is published.</p>;
  return (
    <ul className={css.changes}>
      {added.map((p, i) => <Line key={`a${i}`} of={p} added />)}
      {removed.map((p, i) => <Line key={`r${i}`} of={p} />)}
      {said.map(([what, was, is]) => (
        <li key={what}><Mark tone="none" sign={IconPencil} bare>{what}</Mark><span>{was !== "" && <><s className="quiet">{was}</s> </>}{is || <span className="quiet">none</span>}</span></li>
      ))}
    </ul>
  );
}

function Line({ of, added }: { of: Part; added?: boolean }) {
  const when = valuesText(of.when);
  return (
    <li>
      {added ? <Mark tone="good" sign={IconPlus} bare>Gives</Mark> : <Mark tone="bad" sign={IconMinus} bare>No longer</Mark>}
      <span><Named of={of.part} />{of.part.type === "role" && <span className="quiet"> role</span>}{when && <span className="quiet"> for {when}</span>}</span>
    </li>
  );
}

// Waiting says on the other tabs that a change is under way.
export function Waiting({ of, draft }: { of: Shown; draft: Open }) {
  return (
    <p className={css.marks}>
      <DraftState of={draft.state} /> <span>A change of it was written by {writerNames(draft.authors, of.writers)} <Time at={draft.since} />. <Link to="." search={{ tab: "draft" } as never}>Look at it</Link></span>
    </p>
  );
}
