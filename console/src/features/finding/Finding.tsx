import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, askWithTag } from "../../client/client";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { MayButton } from "../access/MayButton";
import { Severity } from "../access/marks";
import { Named } from "../access/Named";
import { actorName } from "../access/words";
import { functionName } from "../function/words";
import { Accept, Assign, Reopen } from "./Decide";
import type { Item } from "./Findings";
import css from "./finding.module.css";
import { happened } from "./words";

export type Shown = AnswerOf<"show-finding"> & Item;

// Finding is what is wrong in one place: why it matters, what shows it, what to do.
export function Finding() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useQuery({
    queryKey: ["finding", id],
    queryFn: () => askWithTag(api.GET("/v1/findings/{id}", { params: { path: { id } } })),
  });
  const trail = [{ label: "Findings", to: "/findings" }];
  if (!shown.data) {
    return <Page title="Finding" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  }
  const f = shown.data.data as Shown; // the description leaves out what it shares with a list's item
  const { tag } = shown.data;
  return (
    <Page title={f.title} trail={trail} lead={f.subject && <>About <Named of={f.subject} /></>} actions={<Actions of={f} tag={tag} />}
      marks={<div className={css.marks}><Severity of={f.severity} /><Status of={f} /></div>}>
      <div className={ui.split}>
        <div className={ui.column}>
          <Panel title="What shows it">
            <ol className={css.evidence}>
              {(f.evidence ?? []).map((e, i) => (
                <li key={i}>
                  <div>
                    {e.text}{(e.count ?? 0) > 0 && <span className="quiet"> and {e.count!.toLocaleString("en-GB")} more like it</span>}
                    {(e.about ?? []).length > 0 && <div className={css.about}>{(e.about ?? []).map((o) => <Named key={o.id} of={o} />)}</div>}
                  </div>
                </li>
              ))}
            </ol>
          </Panel>
          <Panel title="What it means">
            <div className={css.advice}>
              <div><h3>Why it matters</h3><p>{f.why_it_matters}</p></div>
              <div><h3>What to do</h3><p>{f.what_to_do}</p></div>
            </div>
          </Panel>
          <Panel title="What happened to it"><History of={f} /></Panel>
        </div>
        <Panel title="Who answers">
          <Facts items={[
            ["Function", functionName(f.function)],
            ["Owner", f.owner ? <Named of={f.owner} /> : <span className="quiet">the function itself</span>],
            ["Due", <Time key="due" at={f.due} absolute />],
            ["Opened", <Time key="opened" at={f.opened} />],
            ["System", f.system && <Named of={f.system} />],
            ["Accepted until", f.status === "accepted" && <Time at={f.accepted_until} absolute />],
            ["Because", f.status === "accepted" && f.reason],
            ["Rule", <code key="rule">{f.rule}</code>],
            ["Number", <code key="id">{f.id}</code>],
          ]}
          />
        </Panel>
      </div>
    </Page>
  );
}

function Status({ of }: { of: Shown }) {
  if (of.status === "accepted") return <Mark tone="odd">Accepted until <Time at={of.accepted_until} absolute /></Mark>;
  if (of.status !== "open") return <Mark tone="good">Resolved</Mark>;
  return new Date(of.due) < new Date() ? <Mark tone="bad">Overdue since <Time at={of.due} absolute /></Mark> : <Mark tone="calm">Due <Time at={of.due} /></Mark>;
}

type Verb = "accept" | "reopen" | "assign";

const dialogs = { accept: Accept, reopen: Reopen, assign: Assign };

// Actions keeps the dialog that was begun, also where the finding changes under it.
function Actions({ of, tag }: { of: Shown; tag: string }) {
  const [doing, setDoing] = useState<Verb>();
  if (of.status !== "open" && of.status !== "accepted" && !doing) return null;
  const Dialog = doing && dialogs[doing];
  const verb = of.status === "accepted" ? "reopen" : "accept";
  return (
    <>
      <MayButton variant="default" may={of.may["finding.assign"]} onClick={() => setDoing("assign")}>{of.owner ? "Give it to somebody else" : "Give it to somebody"}</MayButton>
      <MayButton variant="default" may={of.may["finding.accept"]} onClick={() => setDoing(verb)}>{verb === "accept" ? "Accept the risk" : "Open it again"}</MayButton>
      {Dialog && <Dialog key={doing} of={of} tag={tag} onClose={() => setDoing((now) => (now === doing ? undefined : now))} />}
    </>
  );
}

function History({ of }: { of: Shown }) {
  return (
    <ol className={css.history}>
      {(of.history ?? []).map((e, i) => (
        <li key={i}>
          <p>
            {happened[e.what] ?? e.what}{e.owner && <>: <Named of={e.owner} /></>}{e.until && <> until <Time at={e.until} absolute /></>}
            <span className="quiet"> <Time at={e.at} /> by {actorName(e.by, e.person)}</span>
          </p>
          {e.reason && <div className={css.reason}>“{e.reason}”</div>}
        </li>
      ))}
    </ol>
  );
}
