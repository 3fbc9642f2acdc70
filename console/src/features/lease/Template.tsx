import { Button, Textarea } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Answer } from "../../shell/Answer";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import ui from "../../ui/ui.module.css";
import { MayButton } from "../access/MayButton";
import { Named } from "../access/Named";
import { useMe } from "../signin/me";
import { Dialog } from "../vault/Dialog";
import { thing } from "../vault/words";
import { Get } from "./Get";
import { Given, type Account } from "./Given";
import { useAct, useLeases, useTemplate, type Template as Shown } from "./lease";
import css from "./lease.module.css";
import { Rights } from "./Rights";
import { Running } from "./Running";
import { TemplateForm } from "./TemplateForm";
import { asking, long } from "./words";

type Doing = "get" | "change" | "retire";

// Template is what accounts are made by, who may have one, and which there are now.
export function Template() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useTemplate(id);
  const me = useMe();
  const sees = (me.data?.may ?? []).includes("lease.read");
  const [doing, setDoing] = useState<Doing>();
  const [given, setGiven] = useState<Account>();
  const [told, setTold] = useState("");
  const trail = [{ label: "Leases", to: "/leases" }, { label: "Templates", to: "/lease-templates" }];
  if (!shown.data) return <Page title="Template" trail={trail}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  const t = shown.data.data;
  const may = (action: string) => t.may?.[action];
  const close = () => setDoing(undefined);
  const done = (words: string) => { close(); setTold(words); };
  return (
    <Page
      title={t.name} lead={t.description} trail={trail}
      actions={(
        <>
          {may("lease.issue")?.allowed && <Button onClick={() => setDoing("get")}>Have one made</Button>}
          {me.data?.may?.includes("template.change") && <MayButton variant="default" may={may("template.change")} onClick={() => setDoing("change")}>Change it</MayButton>}
          {me.data?.may?.includes("template.change") && <MayButton variant="default" may={may("template.change")} onClick={() => setDoing("retire")}>Retire it</MayButton>}
        </>
      )}
    >
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <div className={ui.split}>
        <div className={ui.column}>
          {sees && <Now of={t} onTold={setTold} onGiven={setGiven} />}
          <Rights of={t} may={(me.data?.may ?? []).includes("template.grant")} onTold={setTold} />
        </div>
        <Panel title="What an account is given"><About of={t} /></Panel>
      </div>
      {doing === "get" && <Get of={{ ...t, id: t.id ?? "" }} system={t.names[t.system] ?? "a system"} onClose={close} onTold={setTold} onGiven={setGiven} />}
      {doing === "change" && <TemplateForm of={shown.data} onClose={close} onDone={done} />}
      {doing === "retire" && <Retire of={t} onClose={close} onDone={done} />}
      {given && <Given of={given} onClose={() => setGiven(undefined)} />}
    </Page>
  );
}

function Now({ of: t, onTold, onGiven }: { of: Shown; onTold: (words: string) => void; onGiven: (account: Account) => void }) {
  const open = useLeases({ open: true, template: t.id, limit: 100 });
  return (
    <Panel title="Made by it, and there now" flush>
      <Answer to={open} lines={2}>{(d) => ((d.items ?? []).length === 0 ? <p className={css.none}>No account of it is there.</p> : <Running items={d.items ?? []} names={d.names} onTold={onTold} onGiven={onGiven} />)}</Answer>
    </Panel>
  );
}

function About({ of: t }: { of: Shown }) {
  const gives = t.entitlements ?? [];
  return (
    <Facts items={[
      ["System", <Named key="system" of={thing(t.system, t.names)} />],
      ["Gives", gives.length === 0 ? <span className="quiet">nothing beside signing in</span> : <>{gives.map((id, i) => <span key={id}>{i > 0 && ", "}<Named of={thing(id, t.names)} /></span>)}</>],
      ["It may do that", t.inherit ? "at once" : "once it asks for each"],
      ["Lasts", `${long(t.usual)}, and ${long(t.terms.most ?? 0)} at most, renewals included`],
      ["Takes", asking(t.terms)],
      ["What it owned goes to", t.successor || "Writ’s own login there"],
      ["Number", <code key="id" className={css.mono}>{t.id}</code>],
    ]}
    />
  );
}

function Retire({ of: t, onClose, onDone }: { of: Shown; onClose: () => void; onDone: (words: string) => void }) {
  const [reason, setReason] = useState("");
  const retire = useAct(() => ask(api.POST("/v1/lease-templates/{id}/retire", { params: { path: { id: t.id ?? "" } }, body: { reason: reason.trim() } })), () => onDone(`${t.name} is retired.`));
  return (
    <Dialog title={`Retire ${t.name}`} does="Retire it" loud act={retire} ready={reason.trim() !== ""} onClose={onClose}>
      <p>No account is made by it any more, and all that were made by it end at once.</p>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}
