import { Button, Select, Textarea } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { Named } from "../access/Named";
import { lasting } from "../elevate/words";
import { Dialog } from "../vault/Dialog";
import { thing } from "../vault/words";
import { useAct, useAuthority, type Authority as Shown, type Profile } from "./authority";
import css from "./authority.module.css";
import { Certificates } from "./Certificates";
import { Profiles } from "./Profiles";
import { Sign } from "./Sign";
import { keyWords, kindLabel, kinds } from "./words";

// Authority is what signs one kind of thing: by which keys, for whom, and what it has signed.
export function Authority() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useAuthority(id);
  const [rotating, setRotating] = useState(false);
  const [signing, setSigning] = useState<Profile>();
  const [told, setTold] = useState("");
  const trail = [{ label: "Authorities", to: "/authorities" }];
  if (!shown.data) return <Page title="Authority" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  const a = shown.data;
  return (
    <Page title={a.name} lead={a.description} trail={trail} marks={<Mark tone="none">{kindLabel(a.kind)}</Mark>} actions={a.may?.["authority.rotate"]?.allowed && <Button variant="default" onClick={() => setRotating(true)}>Change its key</Button>}>
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <div className={ui.split}>
        <div className={ui.column}>
          <Profiles of={a} onSign={setSigning} onTold={setTold} />
          <Certificates query={{ authority: a.id }} authorities={[a]} onTold={setTold} />
        </div>
        <div className={ui.column}>
          <Keys of={a} />
          <Panel title="What it publishes" note="without signing in">
            <ul className={css.files}>{(a.files ?? []).map((f) => <li key={f}><a href={pathOf(f)} target="_blank" rel="noreferrer">{nameOf(f)}</a></li>)}</ul>
          </Panel>
          <Panel title="What it is">
            <Facts items={[["Does", kinds[a.kind]?.signs], ["Safe", <Named key="safe" of={thing(a.safe, a.names)} />], ["Signs with", a.algorithm], ["Made", <Time key="made" at={a.made_at} />], ["Number", <code key="id" className={css.mono}>{a.id}</code>]]} />
          </Panel>
        </div>
      </div>
      {rotating && <Rotate of={a} onClose={() => setRotating(false)} onDone={(words) => { setRotating(false); setTold(words); }} />}
      {signing && <Sign of={signing} kind={a.kind} onClose={() => setSigning(undefined)} onTold={setTold} />}
    </Page>
  );
}

// pathOf is a file where this page is from: what others know Writ as may be another name.
const pathOf = (file: string) => file.slice(file.indexOf("/.well-known/"));
const nameOf = (file: string) => pathOf(file).split("/").slice(4).join("/");

function Keys({ of: a }: { of: Shown }) {
  return (
    <Panel title="Its keys" flush>
      <Rows items={[...(a.keys ?? [])].reverse().map((k) => ({
        key: String(k.number), start: <IconKey size={18} stroke={1.6} aria-hidden />, title: `Key ${k.number}`,
        note: <>{keyWords(k.state).means}; {k.state === "next" ? "signs" : "signed from"} <Time at={k.signs_at} />{k.trusted_until && <>, trusted until <Time at={k.trusted_until} /></>}</>, end: <Mark tone={keyWords(k.state).tone} bare>{keyWords(k.state).label}</Mark>,
      }))}
      />
    </Panel>
  );
}

const waits = [0, 60, 1440, 10_080, 43_200];
const choices = waits.map((m) => ({ value: String(m), label: m === 0 ? "At once" : lasting(m) }));

function Rotate({ of: a, onClose, onDone }: { of: Shown; onClose: () => void; onDone: (words: string) => void }) {
  const [publish, setPublish] = useState("1440");
  const [overlap, setOverlap] = useState("10080");
  const [reason, setReason] = useState("");
  const rotate = useAct(
    () => ask(api.POST("/v1/authorities/{id}/rotate", { params: { path: { id: a.id } }, body: { publish_minutes: Number(publish), overlap_minutes: Number(overlap), reason: reason.trim() } })),
    () => onDone(publish === "0" ? `${a.name} signs by another key.` : `The next key of ${a.name} is published.`),
  );
  return (
    <Dialog title={`Change the key of ${a.name}`} does="Change it" act={rotate} ready={reason.trim() !== ""} onClose={onClose}>
      <p>The next key is published before it signs, so that whoever verifies has it by then. The one before stays trusted until what it signed is over.</p>
      <Select label="When does the next key sign?" allowDeselect={false} value={publish} onChange={(v) => v && setPublish(v)} data={choices.map((c) => (c.value === "0" ? c : { ...c, label: `In ${c.label}` }))} data-autofocus />
      <Select label="How long is the key of now trusted after that?" allowDeselect={false} value={overlap} onChange={(v) => v && setOverlap(v)} data={choices.map((c) => (c.value === "0" ? { ...c, label: "Not at all: what it signed is good no more" } : c))} />
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </Dialog>
  );
}
