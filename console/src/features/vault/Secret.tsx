import { Button, Menu } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { Answer } from "../../shell/Answer";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import ui from "../../ui/ui.module.css";
import { Named } from "../access/Named";
import { lasting } from "../elevate/words";
import { Consumers } from "../rotate/Consumers";
import { Pair } from "../rotate/Pair";
import { RotateNow } from "../rotate/RotateNow";
import { RotationOf } from "../rotate/RotationOf";
import { Give } from "../share/Give";
import { SharesOf } from "../share/Shares";
import { CheckOut } from "./CheckOut";
import { Describe } from "./Describe";
import { End, type Step } from "./End";
import { Had } from "./Had";
import { Opens } from "./Opens";
import { Outs } from "./Outs";
import { Put } from "./Put";
import { Reveal } from "./Reveal";
import { Seen } from "./Seen";
import { useCheckouts, useSafe, useSecret, type Secret as Shown, type Terms } from "./vault";
import css from "./vault.module.css";
import { Versions } from "./Versions";
import { kindOf, takes, thing } from "./words";

export type Doing = { what: "out" | "give" | "rotate" | "put" | "opens" | "describe" } | { what: "reveal"; number?: number } | { what: Step; number?: number };

// Secret is one secret: who has it, who had it, who has seen it, and never what it is but for
// who asks to see that.
export function Secret() {
  const { id } = useParams({ strict: false }) as { id: string };
  const shown = useSecret(id);
  const safe = useSafe(shown.data?.data.safe ?? "");
  const outs = useCheckouts({ secret: id, limit: 100 });
  const [doing, setDoing] = useState<Doing>();
  const [told, setTold] = useState("");
  if (!shown.data) return <Page title="Secret" trail={[{ label: "Safes", to: "/safes" }]}><Panel><Answer to={shown} lines={8}>{() => null}</Answer></Panel></Page>;
  const x = shown.data.data;
  const close = () => setDoing(undefined);
  const done = (words: string) => { close(); setTold(words); };
  const terms = safe.data?.data.terms;
  const open = outs.data?.items ?? [];
  return (
    <Page
      title={x.name} lead={x.description} trail={[{ label: "Safes", to: "/safes" }, { label: x.names[x.safe] ?? "its safe", to: `/safes/${x.safe}` }]}
      marks={<Marks of={x} />} actions={<Actions of={x} mine={open.some((c) => c.may?.["checkout.end"]?.allowed)} ready={terms !== undefined} onDo={setDoing} />}
    >
      <p role="status" className={told ? css.told : "out-of-view"}>{told}</p>
      <div className={ui.split}>
        <div className={ui.column}>
          <Panel title="Who has it now" flush>
            <Answer to={outs} lines={2}>{(d) => (open.length === 0 ? <p className={css.none}>Nobody has it out.{x.may?.["secret.use"]?.allowed && x.state === "live" && " You may check it out."}</p> : <Outs items={open} names={d.names} about="person" onTold={setTold} />)}</Answer>
          </Panel>
          <SharesOf secret={id} onTold={setTold} />
          <Consumers of={x} onTold={setTold} />
          <Seen of={id} version={x.current} />
          <Had of={id} open={open.map((c) => c.id).join()} />
          <Versions of={x} onDo={setDoing} />
        </div>
        <div className={ui.column}>
          <Panel title="What it is"><About of={x} terms={terms} /></Panel>
          <RotationOf of={x} onTold={setTold} />
          <Pair of={x} onTold={setTold} />
        </div>
      </div>
      {doing?.what === "out" && terms && <CheckOut of={x} terms={terms} rotates={safe.data?.data.rotates} onClose={close} onOut={done} />}
      {doing?.what === "reveal" && <Reveal of={x} number={doing.number} checkout={open.find((c) => c.state === "out" && c.may?.["checkout.end"]?.allowed)?.id} terms={terms} onClose={close} />}
      {doing?.what === "give" && safe.data && <Give of={x} safe={safe.data.data} onClose={close} />}
      {doing?.what === "rotate" && <RotateNow of={[x]} title={`Rotate ${x.name} now`} onClose={close} onDone={done} />}
      {doing?.what === "put" && <Put of={x} onClose={close} onDone={done} />}
      {doing?.what === "opens" && <Opens of={x} tag={shown.data.tag} onClose={close} onDone={done} />}
      {doing?.what === "describe" && <Describe of={x} tag={shown.data.tag} onClose={close} onDone={done} />}
      {(doing?.what === "delete" || doing?.what === "undelete" || doing?.what === "destroy") && <End of={x} step={doing.what} number={doing.number} onClose={close} onDone={done} />}
    </Page>
  );
}

function Marks({ of: x }: { of: Shown }) {
  const kind = kindOf(x.kind);
  return (
    <div className={css.marks}>
      <Mark tone="none" sign={kind.sign}>{kind.label}</Mark>
      {x.state === "deleted" && <Mark tone="warn">Deleted</Mark>}
      {x.state === "destroyed" && <Mark tone="bad">Destroyed</Mark>}
      {x.exclusive && <Mark tone="calm">One person at a time</Mark>}
      {x.due && <Mark tone="warn">Due for another value since <Time at={x.due} /></Mark>}
    </div>
  );
}

function About({ of: x, terms }: { of: Shown; terms?: Terms }) {
  const labels = Object.entries(x.labels ?? {});
  return (
    <Facts items={[
      ["Safe", <Named key="safe" of={thing(x.safe, x.names)} />],
      ["Opens", x.account ? <span key="opens" className="within-text"><Named of={thing(x.account, x.names)} />{x.system && <span className="quiet"> in {x.names[x.system] ?? "a system"}</span>}</span> : x.system ? <Named of={thing(x.system, x.names)} /> : <span className="quiet">nobody has said</span>],
      ["Taking it takes", terms && takes(terms)],
      ["It is out for", terms && `${lasting(terms.most_minutes)} at most`],
      ["Version", x.current ? <>{x.current}, since <Time at={x.since} /></> : <span className="quiet">none yet</span>],
      ["You", x.may?.["secret.reveal"]?.allowed ? "may use it and see it" : x.may?.["secret.use"]?.allowed ? "may use it, and not see it" : "have no right in its safe"],
      ...labels.map(([name, text]): [string, string] => [name, text]),
      ["Number", <code key="id">{x.id}</code>],
    ]}
    />
  );
}

interface ActionsProps {
  of: Shown;
  mine: boolean; // who looks has it, or has asked for it
  ready: boolean;
  onDo: (doing: Doing) => void;
}

// Actions are those that whoever looks may take, and no others.
function Actions({ of: x, mine, ready, onDo }: ActionsProps) {
  const may = (action: string) => x.may?.[action]?.allowed ?? false;
  const live = x.state === "live";
  const more = [
    may("secret.share") && live && { label: "Give it outside", what: "give" as const },
    may("secret.change") && live && { label: "Put another value", what: "put" as const },
    may("secret.change") && live && { label: "Say what it opens", what: "opens" as const },
    may("secret.change") && live && { label: "Describe it", what: "describe" as const },
    may("secret.change") && live && { label: "Delete it", what: "delete" as const },
    may("secret.change") && x.state === "deleted" && { label: "Bring it back", what: "undelete" as const },
    may("secret.destroy") && x.state !== "destroyed" && { label: "Destroy it", what: "destroy" as const },
  ].filter((m) => m !== false);
  return (
    <>
      {live && !mine && ready && may("secret.use") && <Button onClick={() => onDo({ what: "out" })}>Check it out</Button>}
      {live && may("secret.reveal") && <Button variant="outline" color="red.9" className={css.reveal} onClick={() => onDo({ what: "reveal" })}>Reveal it</Button>}
      {live && may("secret.rotate") && <Button variant="default" onClick={() => onDo({ what: "rotate" })}>Rotate it now</Button>}
      {more.length > 0 && (
        <Menu position="bottom-end" shadow="md">
          <Menu.Target><Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>More</Button></Menu.Target>
          <Menu.Dropdown>{more.map((m) => <Menu.Item key={m.what} onClick={() => onDo({ what: m.what })}>{m.label}</Menu.Item>)}</Menu.Dropdown>
        </Menu>
      )}
    </>
  );
}
