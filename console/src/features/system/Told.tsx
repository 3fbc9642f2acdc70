import { Button } from "@mantine/core";
import { useState, type FormEvent, type ReactNode } from "react";
import { Answer } from "../../shell/Answer";
import { Panel } from "../../ui/Panel";
import { said } from "../access/words";
import { Owners, Plan, Worth } from "./Fields";
import css from "./flow.module.css";
import { Reach } from "./Reach";
import type { StepProps } from "./Setup";
import { useChange, useKinds, type Change, type Kind } from "./system";
import { toldOf, whereOf, whole } from "./where";
import { Wrong } from "./Wrong";

// The steps of a draft that a person tells: what it is, who answers, when it is read.

interface TellProps extends StepProps {
  body: Change;
  ready?: boolean;
  why?: string;
  children: ReactNode;
}

function Tell({ of, onNext, body, ready = true, why, children }: TellProps) {
  const change = useChange(of.data.id, onNext);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!ready) return;
    if (Object.values(body).some((v) => v !== undefined)) change.mutate({ given: body, tag: of.tag });
    else onNext();
  };
  return (
    <Panel>
      <form className={css.form} onSubmit={submit}>
        {children}
        <Wrong error={change.error} />
        <div className={css.foot}>
          <Button type="submit" loading={change.isPending} disabled={!ready}>Keep it and go on</Button>
          {!ready && <span className="quiet">{why}</span>}
        </div>
      </form>
    </Panel>
  );
}

export function WhatStep(props: StepProps) {
  const kinds = useKinds();
  const kind = (kinds.data?.items ?? []).find((k) => k.kind === props.of.data.connector);
  if (!kind) return <Panel><Answer to={kinds} lines={6}>{() => <p>This node cannot read a system of the kind {props.of.data.connector}.</p>}</Answer></Panel>;
  return <What {...props} kind={kind} />;
}

function What({ kind, ...props }: StepProps & { kind: Kind }) {
  const { data: s } = props.of;
  const [where, setWhere] = useState(() => whereOf(s, kind));
  const moved = where.address.trim() !== s.address && where.credential === "keep" && s.credential.kind !== "none";
  const kept = s.credential.kind === "none" ? "Nothing, as now" : `The one that is kept: ${said(s.credential.kind).toLowerCase()}${s.credential.name ? `, ${s.credential.name}` : ""}`;
  return (
    <Tell {...props} body={toldOf(where, kind)} ready={whole(where, kind) && !moved} why={moved ? "To another address the credential is given anew: it goes to the one that it was given for" : "Fill in what is marked"}>
      <Reach kind={kind} value={where} kept={kept} onChange={(changes) => setWhere((before) => ({ ...before, ...changes }))} />
    </Tell>
  );
}

export function WhoStep(props: StepProps) {
  const { data: s } = props.of;
  const [changes, setChanges] = useState<Change>({});
  const [names, setNames] = useState<Record<string, string>>({});
  const owned = (changes.business_owner ?? s.business_owner?.id ?? "") + (changes.technical_owner ?? s.technical_owner?.id ?? "") !== "";
  return (
    <Tell {...props} body={changes} ready={owned} why="Name one of the two: somebody has to answer for it">
      <Owners of={s} changes={changes} onChange={setChanges} names={names} onName={(p) => setNames((n) => ({ ...n, [p.id]: p.name }))} />
      <Worth of={s} changes={changes} onChange={setChanges} />
    </Tell>
  );
}

export function PlanStep(props: StepProps) {
  const [changes, setChanges] = useState<Change>({});
  return <Tell {...props} body={changes}><Plan of={props.of.data} changes={changes} onChange={setChanges} /></Tell>;
}
