import { Alert, Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { Answer } from "../../shell/Answer";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { Named } from "../access/Named";
import { useMe } from "../signin/me";
import { useSecrets } from "../vault/vault";
import { thing } from "../vault/words";
import { Renew, Retire } from "./Act";
import { useKit, type Kit as Shown } from "./breakglass";
import css from "./breakglass.module.css";
import { Drill, useFile } from "./Drill";
import { History } from "./History";
import { Merge } from "./Merge";
import { PickUp } from "./PickUp";
import { late, over, sealWords, sharesOf, staleWords, stateWords } from "./words";

type Doing = "pick" | "renew" | "retire" | "merge";

// Kit is one kit: whether it can be relied on, what it holds, whose shares open it, and what
// became of it.
export function Kit() {
  const { id } = useParams({ strict: false }) as { id: string };
  const kit = useKit(id);
  const me = useMe();
  const secrets = useSecrets();
  const [doing, setDoing] = useState<Doing>();
  const [told, setTold] = useState("");
  const trail = [{ label: "Break glass", to: "/break-glass" }];
  if (!kit.data) return <Page title="Break-glass kit" trail={trail}><Panel><Answer to={kit} lines={8}>{() => null}</Answer></Panel></Page>;
  const k = kit.data;
  const close = () => setDoing(undefined);
  const done = (words: string) => { close(); setTold(words); };
  const mine = sharesOf(k).find((h) => h.identity === me.data?.identity);
  return (
    <Page
      title={`Can ${k.name} be relied on?`} lead={leadOf(k)} trail={trail}
      marks={<div className={css.marks}><Mark tone={stateWords(k.state).tone}>{stateWords(k.state).label}</Mark></div>}
      actions={<Actions of={k} picks={mine !== undefined && !mine.picked_up} onDo={setDoing} onTold={setTold} />}
    >
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <Waits of={k} />
      <div className={ui.split}>
        <div className={ui.column}>
          <Panel title="What it holds" flush><Holds of={k} /></Panel>
          <History of={k} secrets={secrets.data?.items ?? []} />
        </div>
        <div className={ui.column}>
          <Panel title="How it is sealed"><Sealed of={k} /></Panel>
          <Panel title="Who holds it" flush><Holders of={k} /></Panel>
          <Drill of={k} late={late(k, kit.dataUpdatedAt)} onTold={setTold} />
        </div>
      </div>
      {doing === "pick" && <PickUp of={k} onClose={close} onDone={done} />}
      {doing === "renew" && <Renew of={k} onClose={close} onDone={done} />}
      {doing === "retire" && <Retire of={k} onClose={close} onDone={done} />}
      {doing === "merge" && <Merge onClose={close} onDone={done} />}
    </Page>
  );
}

function leadOf(k: Shown): string {
  if (k.state === "stale") return `No: ${staleWords(k.why)}. ${(k.why ?? []).includes("holders") ? "Make another one, and retire this one." : "The next edition puts that right."}`;
  if (k.state === "used") return "No: it was opened. Make another one, for which every holder gets another share, and retire this one.";
  if (k.state === "retired") return "No: it is not in use any more.";
  if (k.state === "forming") return "Not yet: too few of its holders have picked up their shares.";
  return "Yes: it holds what its secrets are now, and enough of its holders have their shares.";
}

function Actions({ of: k, picks, onDo, onTold }: { of: Shown; picks: boolean; onDo: (d: Doing) => void; onTold: (words: string) => void }) {
  const file = useFile(k, onTold);
  const may = (action: string) => k.may?.[action]?.allowed ?? false;
  const renewable = !over(k) && !(k.why ?? []).includes("holders");
  return (
    <>
      {picks && !over(k) && may("breakglass.share") && <Button onClick={() => onDo("pick")}>Pick up your share</Button>}
      {renewable && may("breakglass.renew") && <Button variant={k.state === "stale" ? "filled" : "default"} onClick={() => onDo("renew")}>Renew it</Button>}
      {k.state !== "retired" && <Button variant="default" leftSection={<IconDownload size={15} aria-hidden />} loading={file.isPending} onClick={() => file.mutate()}>Save the file</Button>}
      {may("breakglass.merge") && <Button variant="default" onClick={() => onDo("merge")}>Bring a record</Button>}
      {k.state !== "retired" && may("breakglass.retire") && <Button variant="default" onClick={() => onDo("retire")}>Retire it</Button>}
    </>
  );
}

// Waits are openings that nobody has reviewed.
function Waits({ of: k }: { of: Shown }) {
  return (
    <>
      {(k.opened ?? []).filter((b) => b.review && !b.verdict).map((b) => (
        <Alert key={b.id} color="red" variant="light" title="An opening waits for its review">
          <p>It was opened <Time at={b.opened} />, as its record says: “{b.reason}”. Somebody of security operations or identity and access management who was not there says whether it was as it should be.</p>
          <Link to="/approvals/$id" params={{ id: b.review ?? "" }}>{k.may?.["breakglass.review"]?.allowed ? "Review it" : "See what is asked"}</Link>
        </Alert>
      ))}
    </>
  );
}

function Holds({ of: k }: { of: Shown }) {
  return (
    <Rows items={(k.secrets ?? []).map((s) => ({
      key: s.secret, title: k.names[s.secret] ? <Named of={thing(s.secret, k.names)} /> : "A secret", note: <span className="within-text">opens an account in <Named of={thing(s.system, k.names)} /></span>, below: true,
      end: s.gone ? <Mark tone="bad">Deleted</Mark> : s.rotated ? <Mark tone="warn">Rotated since</Mark> : <Mark tone="good" bare>As it is now</Mark>,
    }))}
    />
  );
}

function Sealed({ of: k }: { of: Shown }) {
  return (
    <Facts items={[
      ["It takes", sealWords(k)],
      ["Who is there", k.persons === 1 ? "one person" : `${k.persons} people, by name`],
      ["Edition", <>{k.edition}, made <Time at={k.made} /></>],
      ["Good until", !over(k) && <><Time at={k.until} absolute /> ({k.lasts_days} days)</>],
      ["Made by", k.names[k.by] ?? k.by],
      ["Scope", k.scope && (k.names[k.scope] ?? k.scope)],
      ["SHA-256", <code key="digest" style={{ overflowWrap: "anywhere" }}>{k.digest}</code>],
      ["Number", <code key="id">{k.id}</code>],
    ]}
    />
  );
}

function Holders({ of: k }: { of: Shown }) {
  return (
    <Rows items={(k.holders ?? []).map((h) => ({
      key: `${h.share} ${h.identity}`, title: <Named of={thing(h.identity, k.names)} />, note: h.token ? "a hardware token, which opens it alone" : `share ${h.share}`, below: true,
      end: h.left ? <Mark tone="bad">Has left</Mark> : h.token ? undefined : h.picked_up ? <span className="quiet">picked up <Time at={h.picked_up} /></span> : <Mark tone="mild">Not picked up</Mark>,
    }))}
    />
  );
}
