import { Button, Group, Modal, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent, type ReactNode } from "react";
import { api, ask } from "../../../client/client";
import { PersonField, type Person } from "../../access/PersonField";
import form from "../role.module.css";
import { kinds } from "../words";
import { Wrong } from "../Wrong";
import type { Candidate } from "./mining";

export interface Edits {
  add: string[];
  drop: string[];
}

interface Props {
  run: string;
  of: Candidate;
  onClose: () => void;
}

interface StepProps {
  title: string;
  action: string;
  danger?: boolean;
  ready: boolean;
  act: () => Promise<unknown>;
  onDone?: (out: unknown) => void;
  onClose: () => void;
  children: ReactNode;
}

// Step decides one thing about a candidate; what is shown of its run is read again.
function Step({ title, action, danger, ready, act, onDone, onClose, children }: StepProps) {
  const queries = useQueryClient();
  const step = useMutation({
    mutationFn: act,
    onSuccess: async (out) => {
      onClose();
      onDone?.(out);
      await Promise.all([queries.invalidateQueries({ queryKey: ["mining"] }), queries.invalidateQueries({ queryKey: ["roles"] })]);
    },
  });
  const submit = (e: FormEvent) => { e.preventDefault(); if (ready) step.mutate(); };
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      <form className={form.form} onSubmit={submit}>
        {children}
        <Wrong error={step.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" color={danger ? "red" : undefined} loading={step.isPending} disabled={!ready}>{action}</Button>
        </Group>
      </form>
    </Modal>
  );
}

const at = (run: string, of: Candidate) => ({ params: { path: { id: run, place: of.place } } });

// Adopt makes a candidate the draft of a role, and goes there.
export function Adopt({ run, of, edits, gives, onClose }: Props & { edits: Edits; gives: number }) {
  const go = useNavigate();
  const [name, setName] = useState(of.rule?.explains ? of.name : "");
  const [kind, setKind] = useState<"business" | "technical">("technical");
  const [owner, setOwner] = useState<Person | null>(null);
  const [description, setDescription] = useState("");
  return (
    <Step
      title="Make it the draft of a role" action="Make it a draft" ready={name.trim() !== ""} onClose={onClose}
      act={() => ask(api.POST("/v1/role-mining/{id}/candidates/{place}/adopt", { ...at(run, of), body: { name: name.trim(), kind, owner: owner?.id, description: description.trim() || undefined, add: edits.add, drop: edits.drop } }))}
      onDone={(role) => void go({ to: "/roles/$id", params: { id: (role as { id: string }).id } })}
    >
      <p>It gives {gives === 1 ? "1 entitlement" : `${gives.toLocaleString("en-GB")} entitlements`}. Nobody has it by that: somebody else reviews it, it is published, and then its people are migrated to it.</p>
      <TextInput label="Name" description="What people here call that work." required maxLength={100} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
      <SegmentedControl aria-label="Kind" data={kinds} value={kind} onChange={(v) => setKind(v as "business" | "technical")} />
      <PersonField label="Answers for it" value={owner} onChange={setOwner} nobody="needed before it is submitted" />
      <Textarea label="What it is for" autosize minRows={2} maxLength={2000} value={description} onChange={(e) => setDescription(e.currentTarget.value)} />
    </Step>
  );
}

export function Reject({ run, of, onClose }: Props) {
  const [reason, setReason] = useState("");
  return (
    <Step title="It is no role" action="Reject it" danger ready={reason.trim() !== ""} onClose={onClose} act={() => ask(api.POST("/v1/role-mining/{id}/candidates/{place}/reject", { ...at(run, of), body: { reason: reason.trim() } }))}>
      <p>As long as it gives the same, it is not proposed again, whoever holds it.</p>
      <Textarea label="Why is it no role?" required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Step>
  );
}

export function Reconsider({ run, of, onClose }: Props) {
  const [reason, setReason] = useState("");
  return (
    <Step title="Propose it again" action="Propose it again" ready={reason.trim() !== ""} onClose={onClose} act={() => ask(api.POST("/v1/role-mining/{id}/candidates/{place}/reconsider", { ...at(run, of), body: { reason: reason.trim() } }))}>
      <Textarea label="Why may it be a role after all?" required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Step>
  );
}
