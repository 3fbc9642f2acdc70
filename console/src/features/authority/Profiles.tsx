import { Button, Textarea, TextInput } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Facts, Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { Named } from "../access/Named";
import { useMe } from "../signin/me";
import { Dialog } from "../vault/Dialog";
import { Holder, HolderField, type Held } from "../vault/HolderField";
import { thing } from "../vault/words";
import { useAct, type Authority, type Profile, type Right } from "./authority";
import css from "./authority.module.css";
import { ProfileForm } from "./ProfileForm";
import { asking, span } from "./words";

interface ProfilesProps {
  of: Authority;
  onSign: (p: Profile) => void;
  onTold: (words: string) => void;
}

type Doing = { what: "add" } | { what: "change" | "remove" | "give"; to: Profile } | { what: "take"; to: Profile; right: Right };

// Profiles are what an authority signs, for whom, and who may have it signed.
export function Profiles({ of: a, onSign, onTold }: ProfilesProps) {
  const [doing, setDoing] = useState<Doing>();
  const me = useMe();
  const close = () => setDoing(undefined);
  const done = (words: string) => { close(); onTold(words); };
  const [changes, grants] = [a.may?.["authority.change"]?.allowed ?? false, a.may?.["authority.grant"]?.allowed ?? false];
  const profiles = a.profiles ?? [];
  return (
    <Panel title="What it signs, and for whom" note={changes && <Button variant="default" size="compact-sm" onClick={() => setDoing({ what: "add" })}>Add a profile</Button>} flush>
      {profiles.length === 0 && <p className={css.none}>Nothing yet{changes ? ": add a profile." : ". The owner of its safe says what."}</p>}
      {profiles.map((p) => (
        <section key={p.id} className={css.profile} aria-label={`Profile ${p.name}`}>
          <div className={css.profileHead}>
            <h3>{p.name}</h3>
            <span className={css.buttons}>
              {p.mine && <Button size="compact-sm" onClick={() => onSign(p)}>Have something signed<span className="out-of-view">: {p.name}</span></Button>}
              {changes && <Button variant="default" size="compact-sm" onClick={() => setDoing({ what: "change", to: p })}>Change it<span className="out-of-view">: {p.name}</span></Button>}
              {changes && <Button variant="default" size="compact-sm" onClick={() => setDoing({ what: "remove", to: p })}>End it<span className="out-of-view">: {p.name}</span></Button>}
            </span>
          </div>
          <Says of={p} names={a.names} />
          <div className={css.rights}><strong>Who may have it signed</strong>{grants && <Button variant="default" size="compact-sm" onClick={() => setDoing({ what: "give", to: p })}>Give a right<span className="out-of-view">: {p.name}</span></Button>}</div>
          {(p.rights ?? []).length === 0 ? <p className="quiet">Nobody yet.</p> : (
            <Rows items={(p.rights ?? []).map((r) => ({
              key: r.holder, start: <IconKey size={18} stroke={1.6} aria-hidden />, title: <Holder of={thing(r.holder, a.names)} />, note: <>{r.ends && <>until <Time at={r.ends} absolute /></>}{r.ends && r.reason && ", "}{r.reason && `“${r.reason}”`}</>,
              end: grants && r.holder !== me.data?.identity && <Button variant="default" size="compact-sm" onClick={() => setDoing({ what: "take", to: p, right: r })}>Take it<span className="out-of-view"> from {a.names[r.holder] ?? r.holder}: {p.name}</span></Button>,
            }))}
            />
          )}
        </section>
      ))}
      {doing?.what === "add" && <ProfileForm authority={a} onClose={close} onDone={done} />}
      {doing?.what === "change" && <ProfileForm authority={a} of={doing.to} onClose={close} onDone={done} />}
      {doing?.what === "remove" && <Remove authority={a} of={doing.to} onClose={close} onDone={done} />}
      {doing?.what === "give" && <Give authority={a} of={doing.to} onClose={close} onDone={done} />}
      {doing?.what === "take" && <Take authority={a} of={doing.to} right={doing.right} onClose={close} onDone={done} />}
    </Panel>
  );
}

function Says({ of: p, names }: { of: Profile; names: Record<string, string> }) {
  const text = (list: string[] | null | undefined) => ((list ?? []).length > 0 ? (list ?? []).join(", ") : undefined);
  return (
    <Facts items={[
      ["For", text(p.principals)],
      ["And for", p.logins_of && <>their accounts in <Named of={thing(p.logins_of, names)} /></>],
      ["And", p.self && "for the number of whoever asks"],
      ["Lasts", `${span(p.usual_seconds)}, and ${span(p.longest_seconds)} at most; with those that renew it, ${span(p.most_seconds)}`],
      ["Takes", asking(p)],
      ["Lets", text(p.extensions)],
      ["Only from", text(p.source_address)],
      ["Runs only", p.force_command && <code className={css.mono}>{p.force_command}</code>],
      ["For the audience", text(p.audience)],
      ["Says beside", p.claims && Object.entries(p.claims).map(([k, v]) => `${k}: ${v}`).join(", ")],
    ]}
    />
  );
}

interface ActProps {
  authority: Authority;
  of: Profile;
  onClose: () => void;
  onDone: (words: string) => void;
}

function Remove({ authority: a, of: p, onClose, onDone }: ActProps) {
  const [reason, setReason] = useState("");
  const remove = useAct(() => ask(api.POST("/v1/authorities/{id}/profiles/{name}/remove", { params: { path: { id: a.id, name: p.name } }, body: { reason: reason.trim() } })), () => onDone(`${p.name} is ended.`));
  return (
    <Dialog title={`End ${p.name}`} does="End it" loud act={remove} ready={reason.trim() !== ""} onClose={onClose}>
      <p>Nothing is signed by it any more. What was signed stays good until its end.</p>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}

function Give({ authority: a, of: p, onClose, onDone }: ActProps) {
  const [holder, setHolder] = useState<Held | null>(null);
  const [until, setUntil] = useState("");
  const [reason, setReason] = useState("");
  const give = useAct(
    () => ask(api.POST("/v1/authorities/{id}/profiles/{name}/rights", { params: { path: { id: a.id, name: p.name } }, body: { holder: holder?.id ?? "", reason: reason.trim(), ends: until ? new Date(`${until}T12:00`).toISOString() : undefined } })),
    () => onDone(`${holder?.name ?? "They"} may have things signed by ${p.name}.`),
  );
  return (
    <Dialog title={`For whom does ${p.name} sign?`} does="Give the right" act={give} ready={holder !== null && reason.trim() !== ""} onClose={onClose}>
      <HolderField value={holder} onChange={setHolder} />
      <TextInput type="date" label="Until" description="Without a date, until somebody takes it" maw="18rem" value={until} onChange={(e) => setUntil(e.currentTarget.value)} />
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </Dialog>
  );
}

function Take({ authority: a, of: p, right: r, onClose, onDone }: ActProps & { right: Right }) {
  const [reason, setReason] = useState("");
  const name = a.names[r.holder] ?? r.holder;
  const take = useAct(() => ask(api.POST("/v1/authorities/{id}/profiles/{name}/rights/withdraw", { params: { path: { id: a.id, name: p.name } }, body: { holder: r.holder, reason: reason.trim() } })), () => onDone(`${name} has that right no more.`));
  return (
    <Dialog title={`Take the right from ${name}`} does="Take it" loud act={take} ready={reason.trim() !== ""} onClose={onClose}>
      <p>Nothing is signed for them by {p.name} any more. What was signed stays good until its end: revoke it, too, where it must not.</p>
      <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}
