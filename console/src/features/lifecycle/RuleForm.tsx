import { Alert, Button, NumberInput, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { Page } from "../../ui/Page";
import { Panel } from "../../ui/Panel";
import ui from "../../ui/ui.module.css";
import { Effect, useEffectOf, type Tried } from "./Effect";
import { Gives, useGives } from "./Gives";
import css from "./lifecycle.module.css";
import type { Birthright } from "./words";

const trail = [{ label: "Birthrights", to: "/birthrights" }];

interface RuleFormProps {
  of?: Birthright; // a new one, without
  tag?: string;
  onClose: () => void;
}

export function NewBirthright() {
  const go = useNavigate();
  return <RuleForm onClose={() => void go({ to: "/birthrights" })} />;
}

// RuleForm says what a rule is to be. What it would change is looked at before it is kept.
export function RuleForm({ of, tag = "", onClose }: RuleFormProps) {
  const go = useNavigate();
  const queries = useQueryClient();
  const [name, setName] = useState(of?.name ?? "");
  const [description, setDescription] = useState(of?.description ?? "");
  const [when, setWhen] = useState(of?.when ?? "");
  const gives = useGives(of);
  const [grace, setGrace] = useState(of?.grace_days ?? 0);
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState<Tried>();
  const body = { description: description.trim(), when: when.trim(), ...gives.body, grace_days: grace };
  const rule: Tried = { ...body, name: name.trim(), mode: of?.mode === "observe" || !of ? "enforce" : of.mode };
  const whole = rule.name !== "" && body.when !== "" && gives.whole;
  const effect = useEffectOf(tried ?? rule, tried !== undefined);
  const looked = JSON.stringify(tried) === JSON.stringify(rule);
  const keep = useMutation({
    mutationFn: () => (of
      ? ask(api.PUT("/v1/birthrights/{name}", { params: { path: { name: of.name }, header: { "If-Match": tag } }, body: { ...body, reason: reason.trim() } }))
      : ask(api.POST("/v1/birthrights", { body: { ...body, name: rule.name, reason: reason.trim() } }))),
    onSuccess: async () => {
      await Promise.all([queries.invalidateQueries({ queryKey: ["birthrights"] }), queries.invalidateQueries({ queryKey: ["lifecycle"] })]);
      onClose();
      await go({ to: "/birthrights/$name", params: { name: rule.name } });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (looked) keep.mutate();
    else if (whole) setTried(rule);
  };
  return (
    <Page title={of ? `What should ${of.name} say?` : "What should everybody who is alike have?"} trail={of ? [...trail, { label: of.name, to: `/birthrights/${of.name}` }] : trail} lead={of?.mode === "enforce" ? "It is enforced: what you keep here gives and takes at once. You see first from whom." : "It gives nothing until it is enforced. You see first whom it would be for."}>
      <form onSubmit={submit} className={ui.column}>
        <div className={ui.grid}>
          <Panel title="The rule">
            <div className={`${css.form} ${css.mono}`}>
              {!of && <TextInput label="Name" required maxLength={64} description="Lower case, such as treasury" value={name} onChange={(e) => setName(e.currentTarget.value)} spellCheck={false} />}
              <Textarea
                label="Whom it is for" required autosize minRows={2} maxLength={4000} spellCheck={false} value={when} onChange={(e) => setWhen(e.currentTarget.value)}
                description={'CEL over identity.kind, .state, .employer, .unit, .title, .third_party and identity.attributes.NAME, such as identity.unit == "Treasury" && !identity.third_party'}
              />
              <Gives of={gives} />
              <div className={css.pair}>
                <TextInput label="What it is for, in words" maxLength={500} value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
                <NumberInput label="Grace, in days" min={0} max={365} allowDecimal={false} value={grace} onChange={(v) => setGrace(Number(v) || 0)} />
              </div>
              <div className={css.foot}>
                <Button variant="default" onClick={onClose}>Cancel</Button>
                {!looked && <Button type="submit" disabled={!whole} loading={effect.isFetching}>See what would change</Button>}
              </div>
            </div>
          </Panel>
          <Panel title={of?.mode === "enforce" ? "What would change" : "What would change, were it enforced"}>
            {!tried ? <p className="quiet">Say whom it is for and what it gives, and look at what would change. Nothing is kept by looking.</p> : (
              <div className={css.form}>
                {!looked && <Alert color="yellow" variant="light">You changed the rule since. Look again before you keep it.</Alert>}
                <Answer to={effect} lines={4}>{(e) => <Effect of={e} />}</Answer>
                {looked && effect.data && (
                  <>
                    <Textarea label="Why?" required autosize minRows={2} maxLength={500} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
                    {keep.error && <Alert color="red" variant="light" role="alert">{asProblem(keep.error).message}</Alert>}
                    <div className={css.foot}><Button type="submit" loading={keep.isPending} disabled={reason.trim() === ""}>{of ? "Keep the change" : "Keep the rule, observing"}</Button></div>
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
