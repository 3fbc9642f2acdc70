import { Button } from "@mantine/core";
import { IconCircleCheck, IconRotateClockwise2 } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Answer, Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField } from "../../ui/Filter";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Table, tableClass, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { Calendar } from "./Calendar";
import { Incident } from "./Incident";
import { dated, useRotations, useSchedules, type Due } from "./rotate";
import css from "./rotate.module.css";
import { RotateNow } from "./RotateNow";
import { dueWords, stateWords } from "./words";

function columns(onAgain: (d: Due) => void): Column<Due>[] {
  return [
    { id: "secret", header: "Secret", cell: (d) => <Link to="/secrets/$id" params={{ id: d.secret }} className={tableClass.main}>{d.named.name}</Link> },
    { id: "state", header: "State", tight: true, cell: (d) => <Mark tone={stateWords(d.state).tone}>{stateWords(d.state).label}</Mark> },
    { id: "cause", header: "Because", cell: (d) => <div>{dueWords(d.cause)}<span className={tableClass.sub}><Time at={d.since} /></span></div> },
    { id: "wrong", header: "What went wrong", cell: (d) => (d.error ? <div>{d.error}{d.failing_since && <span className={tableClass.sub}>since <Time at={d.failing_since} />{d.attempts > 0 && `, ${d.attempts === 1 ? "one attempt" : `${d.attempts} attempts`}`}</span>}</div> : <span className="quiet">nothing yet</span>) },
    { id: "next", header: "Next", tight: true, cell: (d) => <Time at={d.next} absolute={d.state === "planned"} /> },
    { id: "act", header: "Change", tight: true, cell: (d) => (d.may["secret.rotate"]?.allowed ? <Button variant="default" size="compact-sm" onClick={() => onAgain(d)}>{d.state === "planned" ? "Change it now" : "Try it now"}<span className="out-of-view">: {d.named.name}</span></Button> : <span className="quiet">–</span>) },
  ];
}

// Rotation answers which secrets are to be given another value, what keeps that from
// happening, and what comes in the next weeks.
export function Rotation() {
  const list = useList();
  const due = useRotations();
  const plans = useSchedules();
  const [again, setAgain] = useState<Due>();
  const [incident, setIncident] = useState(false);
  const [told, setTold] = useState("");
  const state = list.text("state");
  const items = due.data?.items ?? [];
  const of = (s: string) => due.data && items.filter((d) => d.state === s).length;
  const rows = due.data && items.filter((d) => state === undefined || d.state === state);
  const done = (words: string) => { setAgain(undefined); setIncident(false); setTold(words); };
  return (
    <Page
      title="Which secrets are to change, and what keeps them from it?" lead="Writ draws a new value, sets it, and signs in with it before it counts. Whatever goes wrong, the vault holds every value that the system may have taken."
      actions={<Button variant="default" onClick={() => setIncident(true)}>After an incident</Button>}
    >
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      {!due.error && (
        <Figures items={[
          { value: count(of("waiting")), label: of("waiting") === 1 ? "waits for a person" : "wait for a person", note: "Writ cannot change them there", tone: of("waiting") ? "bad" : "good", to: "/rotation", search: { state: "waiting" } },
          { value: count(of("failing")), label: of("failing") === 1 ? "fails, and is tried again" : "fail, and are tried again", tone: of("failing") ? "warn" : undefined, to: "/rotation", search: { state: "failing" } },
          { value: count(of("due")), label: "have their turn next", to: "/rotation", search: { state: "due" } },
          { value: count(of("planned")), label: of("planned") === 1 ? "has its day" : "have their day", note: "services use them, and are told before", to: "/rotation", search: { state: "planned" } },
          { value: count(plans.data && (plans.data.items ?? []).length), label: "change by themselves" },
        ]}
        />
      )}
      <Table
        name="Due for another value" columns={columns(setAgain)} rows={rows} rowKey={(d) => d.secret} list={list} total={rows?.length} stale={due.isPlaceholderData}
        failure={due.error && <Failed error={due.error} onRetry={() => void due.refetch()} />}
        empty={state ? <Blank title="Nothing is in that state" text="Of what you may know." actions={<Link to="/rotation">Show all that is due</Link>} /> : <Blank sign={IconCircleCheck} title="Nothing is due" text="Every secret that you may know of has the value that it is to have." />}
        tools={<ChoiceField list={list} name="state" label="State" width="12rem" choices={["waiting", "failing", "due", "planned"].map((s) => ({ value: s, label: stateWords(s).label }))} />}
      />
      <Panel title="What comes in the next weeks" note="if each time ends well">
        <Answer to={plans} lines={6}>
          {(d) => {
            const all = dated(d.items ?? [], items);
            return all.length === 0 ? <Blank sign={IconRotateClockwise2} title="Nothing changes by itself" text="On a secret’s page its owner says how often it does." /> : <Calendar of={all} at={plans.dataUpdatedAt} />;
          }}
        </Answer>
      </Panel>
      {again && <RotateNow of={[{ id: again.secret, name: again.named.name, account: again.code === "secret-opens-nothing" ? undefined : "known" }]} title={`Rotate ${again.named.name} now`} onClose={() => setAgain(undefined)} onDone={done} />}
      {incident && <Incident onClose={() => setIncident(false)} onDone={done} />}
    </Page>
  );
}
