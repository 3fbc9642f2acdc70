import { Button, Group, Modal, Textarea } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent, type ReactNode } from "react";
import { api, ask } from "../../client/client";
import { Problem } from "../../client/problem";
import { PersonField, type Person } from "../access/PersonField";
import { useAct, type Told, type Versioned } from "./role";
import css from "./role.module.css";
import { Wrong } from "./Wrong";

export interface DecideProps {
  of: Versioned;
  onClose: () => void;
}

interface StepProps<Out> extends DecideProps {
  title: string;
  action: string;
  danger?: boolean;
  ready?: boolean;
  act: (tag: string) => Promise<Out>;
  onDone?: (out: Out) => void;
  children: ReactNode;
}

const moved = new Problem(409, "version-changed", "");

// Step does one thing to a role in the version that was looked at. Where it has changed
// since the dialog was opened, that is said first.
export function Step<Out>({ of, title, action, danger, ready = true, act, onDone, onClose, children }: StepProps<Out>) {
  const [seen, setSeen] = useState(of.tag);
  const step = useAct(of.data.id, act, (out) => { onClose(); onDone?.(out); });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!ready) return;
    setSeen(of.tag);
    step.mutate(of.tag);
  };
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      <form className={css.form} onSubmit={submit}>
        {children}
        <Wrong error={step.error ?? (seen !== of.tag && !step.isPending ? moved : null)} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" color={danger ? "red" : undefined} loading={step.isPending} disabled={!ready}>{action}</Button>
        </Group>
      </form>
    </Modal>
  );
}

const at = (of: Versioned, tag: string) => ({ params: { path: { id: of.data.id }, header: { "If-Match": tag } } });

function called(of: Versioned): string {
  return ((of.data.draft ?? of.data.published) as Told).name;
}

export function Submit(props: DecideProps) {
  return (
    <Step {...props} title={`Put ${called(props.of)} before somebody else`} action="Submit for review" act={(tag) => ask(api.POST("/v1/roles/{id}/submit", at(props.of, tag)))}>
      <p>Somebody who wrote none of it, and who would gain nothing by it, approves it or sends it back. Nothing counts for anybody until it is published.</p>
    </Step>
  );
}

export function Approve(props: DecideProps) {
  const [note, setNote] = useState("");
  return (
    <Step {...props} title={`Approve ${called(props.of)}`} action="Approve" act={(tag) => ask(api.POST("/v1/roles/{id}/review", { ...at(props.of, tag), body: { approve: true, note: note.trim() || undefined } }))}>
      <p>It may then be published as you have seen it. Whoever changes it has to have it reviewed again.</p>
      <Textarea label="A note to whoever wrote it" autosize minRows={2} maxLength={2000} value={note} onChange={(e) => setNote(e.currentTarget.value)} data-autofocus />
    </Step>
  );
}

export function SendBack(props: DecideProps) {
  const [note, setNote] = useState("");
  return (
    <Step {...props} title={`Send ${called(props.of)} back`} action="Send it back" ready={note.trim() !== ""} act={(tag) => ask(api.POST("/v1/roles/{id}/review", { ...at(props.of, tag), body: { approve: false, note: note.trim() } }))}>
      <Textarea label="What is to be changed, and why?" required autosize minRows={3} maxLength={2000} value={note} onChange={(e) => setNote(e.currentTarget.value)} data-autofocus />
    </Step>
  );
}

export function Publish(props: DecideProps) {
  const base = props.of.data.draft?.base ?? 0;
  return (
    <Step {...props} title={`Publish ${called(props.of)}`} action={`Publish version ${base + 1}`} act={(tag) => ask(api.POST("/v1/roles/{id}/publish", at(props.of, tag)))}>
      <p>{base === 0 ? "It can be assigned from then on." : "From that moment its people are to have what the draft says, as its impact shows."} What it changed for people is kept with the record.</p>
    </Step>
  );
}

export function Discard(props: DecideProps) {
  const go = useNavigate();
  const gone = !props.of.data.published;
  return (
    <Step {...props} title={`Discard the draft of ${called(props.of)}`} action="Discard the draft" danger act={(tag) => ask(api.DELETE("/v1/roles/{id}/draft", at(props.of, tag)))} onDone={() => { if (gone) void go({ to: "/roles" }); }}>
      <p>{gone ? "The role was never published: nothing is left of it but the record." : "The role stays as it is published."} What was typed is gone.</p>
    </Step>
  );
}

export function Retire(props: DecideProps) {
  const [reason, setReason] = useState("");
  const go = useNavigate();
  return (
    <Step {...props} title={`Retire ${called(props.of)}`} action="Retire it" danger ready={reason.trim() !== ""} act={(tag) => ask(api.POST("/v1/roles/{id}/retire", { ...at(props.of, tag), body: { reason: reason.trim() } }))} onDone={() => void go({ to: "/roles" })}>
      <p>Only a role that nobody has, no other contains and no rule gives can end. Its versions stay in the record.</p>
      <Textarea label="Why is it needed no longer?" required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Step>
  );
}

export function Own(props: DecideProps) {
  const [owner, setOwner] = useState<Person | null>(null);
  return (
    <Step {...props} title={`Who answers for ${called(props.of)}?`} action={owner ? `Give it to ${owner.name}` : "Give it to somebody"} ready={owner !== null} act={(tag) => ask(api.PUT("/v1/roles/{id}/owner", { ...at(props.of, tag), body: { owner: owner?.id ?? "" } }))}>
      <p>Whoever answers for a role says what it is for and whether it still fits. It counts at once.</p>
      <PersonField label="Answers for it" value={owner} onChange={setOwner} />
    </Step>
  );
}
