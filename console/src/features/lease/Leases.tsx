import { Button, Checkbox, Progress, Switch, Textarea } from "@mantine/core";
import { IconCircleCheck, IconServer2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { ChoiceField } from "../../ui/Filter";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { useMe } from "../signin/me";
import { Dialog } from "../vault/Dialog";
import { Given, type Account } from "./Given";
import { isOpen, isStuck, useAct, useLeases, type Lease } from "./lease";
import css from "./lease.module.css";
import { Past } from "./Past";
import { Running } from "./Running";

const choicesOf = (all: Lease[], of: (l: Lease) => string, names: Record<string, string>) => [...new Set(all.map(of))].map((value) => ({ value, label: names[value] ?? value })).sort((a, b) => a.label.localeCompare(b.label));

// Leases answers which accounts are there for one use now, whose they are, and which of them
// should be gone and are not.
export function Leases() {
  const list = useList();
  const open = useLeases({ open: true, limit: 1000 });
  const me = useMe();
  const [ending, setEnding] = useState(false);
  const [given, setGiven] = useState<Account>();
  const [told, setTold] = useState("");
  const [system, template] = [list.text("system"), list.text("template")];
  const names = open.data?.names ?? {};
  const all = open.data?.items ?? [];
  const shown = all.filter((l) => (!system || l.system === system) && (!template || l.template === template));
  const stuck = shown.filter(isStuck);
  const running = shown.filter((l) => !stuck.includes(l));
  const endable = shown.filter((l) => l.state !== "ending" && l.may["lease.force"]?.allowed);
  const late = all.filter(isStuck).length;
  return (
    <Page
      title="Which accounts are there for one use now?" lead="Each was made for somebody for a while, and is taken away at its end. What should be gone and is not comes first."
      actions={<><Button variant="default" component={Link} to="/lease-templates">Templates</Button>{endable.length > 1 && <Button variant="default" onClick={() => setEnding(true)}>Take several back</Button>}</>}
    >
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      {!open.error && (
        <Figures items={[
          { value: count(open.data && late), label: late === 1 ? "is over, and still there" : "are over, and still there", tone: late > 0 ? "bad" : "good" },
          { value: count(open.data && all.filter((l) => l.state === "active").length), label: "active" },
          { value: count(open.data && all.filter((l) => l.state === "waiting").length), label: "wait for others, or to be taken" },
        ]}
        />
      )}
      {all.length > 0 && (
        <div className={css.chosen}>
          <ChoiceField list={list} name="template" label="Template" choices={choicesOf(all, (l) => l.template, names)} />
          <ChoiceField list={list} name="system" label="System" choices={choicesOf(all, (l) => l.system, names)} />
        </div>
      )}
      {stuck.length > 0 && <Panel title="Over, and not taken away yet" flush><Running items={stuck} names={names} onTold={setTold} onGiven={setGiven} /></Panel>}
      <Panel title="Running" flush>
        <Answer to={open} lines={4}>{() => (running.length === 0 ? <Blank sign={IconCircleCheck} title="No account is there for one use" text="Of what you may know, nobody has one now." /> : <Running items={running} names={names} onTold={setTold} onGiven={setGiven} />)}</Answer>
      </Panel>
      {(me.data?.may ?? []).includes("audit.read") && <Orphans />}
      <Switch label="What is over" checked={list.text("past") === "1"} onChange={(e) => list.set({ past: e.currentTarget.checked ? 1 : undefined })} />
      {list.text("past") === "1" && <Over />}
      {ending && <Several of={endable} names={names} onClose={() => setEnding(false)} onDone={(words) => { setEnding(false); setTold(words); }} />}
      {given && <Given of={given} onClose={() => setGiven(undefined)} />}
    </Page>
  );
}

function Over() {
  const list = useList();
  const found = useLeases({ limit: 100, cursor: list.cursor });
  return (
    <Panel title="Over" note={<>{list.page > 1 && <Button variant="default" size="compact-sm" onClick={list.previous}>Newer</Button>} {found.data?.next && <Button variant="default" size="compact-sm" onClick={() => list.next(found.data?.next ?? "")}>Older</Button>}</>} flush>
      <Answer to={found} lines={4}>
        {(d) => {
          const over = (d.items ?? []).filter((l) => !isOpen(l.state));
          return over.length === 0 ? <p className={css.none}>Nothing was over before.</p> : <Past items={over} names={d.names} />;
        }}
      </Answer>
    </Panel>
  );
}

// Orphans are accounts that no open lease was of, as the log tells of them.
function Orphans() {
  const found = useQuery({ queryKey: ["audit", { action: "lease.orphan" }], queryFn: () => ask(api.GET("/v1/audit", { params: { query: { action: ["lease.orphan"], limit: 10 } } })) });
  return (
    <Panel title="Found without a lease" note="looked for every five minutes" flush>
      <Answer to={found} lines={2}>
        {(d) => ((d.items ?? []).length === 0 ? <p className={css.none}>Every account with Writ’s mark is of a lease.</p> : (
          <Rows items={(d.items ?? []).map((r) => ({
            key: String(r.record), start: <IconServer2 size={18} stroke={1.6} aria-hidden />, to: `/audit`, search: { record: r.record },
            title: `${r.facts?.found ?? "Some"} in ${r.object?.name ?? "a system"}`, note: r.facts?.found === r.facts?.gone ? "taken away" : `${r.facts?.gone ?? 0} taken away; the others are tried again${r.facts?.code ? `: ${r.facts.code}` : ""}`, end: <span className="quiet"><Time at={r.at} /></span>,
          }))}
          />
        ))}
      </Answer>
    </Panel>
  );
}

interface SeveralProps {
  of: Lease[];
  names: Record<string, string>;
  onClose: () => void;
  onDone: (words: string) => void;
}

// Several takes back all that is shown: all of a template or a system, but for what is left
// out. Each is decided and recorded by itself; what was refused is said.
function Several({ of, names, onClose, onDone }: SeveralProps) {
  const [all] = useState(of); // what ends meanwhile stays on the list
  const [left, setLeft] = useState<string[]>([]);
  const [reason, setReason] = useState("");
  const [done, setDone] = useState(0);
  const chosen = all.filter((l) => !left.includes(l.id));
  const act = useAct(async () => {
    let failed: Error | undefined;
    let taken = 0;
    for (const l of chosen) {
      try {
        await ask(api.POST("/v1/leases/{id}/force", { params: { path: { id: l.id } }, body: { reason: reason.trim() } }));
        taken++;
      } catch (error) {
        failed = error as Error;
      }
      setDone((n) => n + 1);
    }
    if (failed && taken === 0) throw failed;
    return taken;
  }, (taken) => onDone(taken === chosen.length ? `${taken} are taken back.` : `${taken} of ${chosen.length} are taken back; the others had ended, or are not yours to end.`));
  return (
    <Dialog title="Take several back" does={`Take ${chosen.length} back`} loud act={act} ready={chosen.length > 0 && reason.trim() !== ""} onClose={onClose}>
      <p>Their sessions end, what they own is handed over, and the accounts are taken away. Choose a template or a system on the page to have only its own here.</p>
      <div className={css.form} role="group" aria-label="Which of them">
        {all.map((l) => <Checkbox key={l.id} label={l.login} description={`${names[l.identity] ?? l.identity}, by ${names[l.template] ?? l.template} in ${names[l.system] ?? l.system}`} checked={!left.includes(l.id)} onChange={(e) => setLeft(e.currentTarget.checked ? left.filter((x) => x !== l.id) : [...left, l.id])} />)}
      </div>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
      {act.isPending && <Progress value={(100 * done) / Math.max(1, chosen.length)} aria-label="How many are taken back" />}
    </Dialog>
  );
}
