import { Alert, Button, NumberInput, Select, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { api, ask, askWithTag } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import ui from "../../ui/ui.module.css";
import { spell, unspell } from "../system/words";
import { MayButton } from "../access/MayButton";
import { Failing } from "./Failing";
import { Mapped, useMapped, type Body } from "./Mapped";
import { useSystems } from "./Mappings";
import css from "./lifecycle.module.css";
import { Mode } from "./Mode";
import { linesOf, recipients, type Mapping as Kept } from "./words";

const trail = [{ label: "Mappings", to: "/mappings" }];

// Mapping is how people's accounts in one system follow from who they are: as it is kept,
// and tried before it is changed.
export function Mapping() {
  const { system } = useParams({ strict: false }) as { system: string };
  const systems = useSystems();
  const list = useQuery({ queryKey: ["mappings"], queryFn: () => ask(api.GET("/v1/mappings")) });
  const known = (list.data?.items ?? []).some((m) => m.system === system);
  const shown = useQuery({ queryKey: ["mappings", system], enabled: known, queryFn: () => askWithTag(api.GET("/v1/mappings/{system}", { params: { path: { system } } })) });
  const name = (systems.data?.items ?? []).find((s) => s.id === system)?.name ?? "this system";
  if (!list.data || (known && !shown.data)) return <Page title="Mapping" trail={trail}><Panel><Answer to={list} lines={8}>{() => null}</Answer></Panel></Page>;
  return <Form key={shown.data?.tag ?? "new"} system={system} name={name} of={shown.data?.data} tag={shown.data?.tag ?? ""} may={list.data.may["mapping.change"]} />;
}

interface FormProps {
  system: string;
  name: string;
  of?: Kept;
  tag: string;
  may: { allowed: boolean; why?: string } | undefined;
}

function Form({ system, name, of, tag, may }: FormProps) {
  const queries = useQueryClient();
  const [when, setWhen] = useState(of?.when ?? "");
  const [logins, setLogins] = useState((of?.logins ?? ['identity.name.words().join(".")']).join("\n"));
  const [attributes, setAttributes] = useState(spell(of?.attributes ?? {}));
  const [recipient, setRecipient] = useState<string | null>(of?.recipient ?? null);
  const [retention, setRetention] = useState(of?.retention_days ?? 0);
  const [mode, setMode] = useState<Body["mode"]>(of?.mode ?? "observe");
  const [reason, setReason] = useState("");
  const body: Body = {
    when: when.trim() || undefined, logins: linesOf(logins), attributes: unspell(attributes), recipient: (recipient ?? undefined) as Body["recipient"],
    retention_days: retention, renames: of?.renames, mode,
  };
  const [tried, setTried] = useState<Body | undefined>(of && body);
  const effect = useMapped(system, tried);
  const looked = JSON.stringify(tried) === JSON.stringify(body);
  const keep = useMutation({
    mutationFn: () => ask(api.PUT("/v1/mappings/{system}", { params: { path: { system }, header: { "If-Match": tag } }, body: { ...body, reason: reason.trim() } })),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["mappings"] }),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!looked) setTried(body);
  };
  return (
    <Page title={`Which accounts do people get in ${name}?`} trail={trail} marks={<div className={css.marks}>{of ? <Mode of={of.mode} /> : <span className="quiet">not kept yet</span>}</div>}>
      {of && <Failing system={system} />}
      <form onSubmit={submit}>
        <div className={ui.grid}>
          <Panel title="The mapping">
            <div className={`${css.form} ${css.mono}`}>
              <Textarea label="Who has an account even without an entitlement" description="CEL over identity.*; empty is nobody" autosize minRows={1} maxLength={4000} spellCheck={false} value={when} onChange={(e) => setWhen(e.currentTarget.value)} />
              <Textarea label="Logins" required description="One expression a line, tried in order; the last is numbered where all are taken" autosize minRows={2} spellCheck={false} value={logins} onChange={(e) => setLogins(e.currentTarget.value)} />
              <Textarea label="Attributes" description="One a line, as NAME=EXPRESSION over identity.* and account.login" autosize minRows={2} spellCheck={false} value={attributes} onChange={(e) => setAttributes(e.currentTarget.value)} />
              <div className={css.pair}>
                <Select label="Who is given the first password" placeholder="Nobody" clearable data={recipients} value={recipient} onChange={setRecipient} />
                <NumberInput label="Deleted after so many days disabled" description="0 is never" min={0} max={3650} allowDecimal={false} value={retention} onChange={(v) => setRetention(Number(v) || 0)} />
                <Select label="Mode" allowDeselect={false} data={[{ value: "observe", label: "Only observe" }, { value: "enforce", label: "Enforce" }]} value={mode} onChange={(v) => setMode((v ?? "observe") as Body["mode"])} />
              </div>
              <div className={css.foot}>{!looked && <Button type="submit" variant="default" disabled={body.logins?.length === 0}>Try it</Button>}</div>
            </div>
          </Panel>
          <Panel title="What it comes to">
            {!tried ? <p className="quiet">Try it: you see which accounts it comes to, and for whom it fails. Nothing is kept by trying.</p> : (
              <div className={css.form}>
                {!looked && <Alert color="yellow" variant="light">You changed it since. Try it again before you keep it.</Alert>}
                <Answer to={effect} lines={4}>{(m) => <Mapped of={m} />}</Answer>
                {looked && effect.data && (
                  <>
                    <Textarea label="Why?" autosize minRows={2} maxLength={500} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
                    {keep.error && <Alert color="red" variant="light" role="alert">{asProblem(keep.error).message}</Alert>}
                    <div className={css.foot}><MayButton may={reason.trim() === "" && may?.allowed ? { allowed: false, why: "say why first" } : may} loading={keep.isPending} onClick={() => keep.mutate()}>{of ? "Keep the change" : "Keep the mapping"}</MayButton></div>
                  </>
                )}
              </div>
            )}
          </Panel>
        </div>
      </form>
    </Page>
  );
}
