import { Alert, Button, Group, Modal, SegmentedControl, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import css from "./decide.module.css";
import type { Shown } from "./Finding";

interface DecideProps {
  of: Shown;
  tag: string; // the version that whoever decides has seen
  opened: boolean;
  onClose: () => void;
}

const terms = [
  { value: "30", label: "30 days" }, { value: "90", label: "90 days" }, { value: "180", label: "Half a year" }, { value: "364", label: "A year" },
];

function inDays(days: string): Date {
  const until = new Date();
  until.setDate(until.getDate() + Number(days));
  return until;
}

// Accept says that a gap may stay for a time, and why.
export function Accept({ of, tag, opened, onClose }: DecideProps) {
  const [reason, setReason] = useState("");
  const [days, setDays] = useState("90");
  const until = inDays(days);
  const accept = useDecision(of.id, onClose, () => ask(api.POST("/v1/findings/{id}/accept", {
    params: { path: { id: of.id }, header: { "If-Match": tag } }, body: { reason: reason.trim(), until: until.toISOString() },
  })));
  return (
    <Decision title="Accept the risk of this finding" opened={opened} onClose={onClose} error={accept.error} busy={accept.isPending} action="Accept the risk" onSubmit={() => accept.mutate()}>
      <p>It stays as it is, and nobody is reminded, until the date that you choose. Then it is open again. Who accepted it and why is kept for good.</p>
      <Textarea label="Why is that acceptable?" required autosize minRows={3} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
      <div>
        <div className={css.label} id="term">For how long?</div>
        <SegmentedControl aria-labelledby="term" data={terms} value={days} onChange={setDays} fullWidth />
        <p className="quiet">Until {until.toLocaleDateString("en-GB", { dateStyle: "long" })}.</p>
      </div>
    </Decision>
  );
}

export function Reopen({ of, tag, opened, onClose }: DecideProps) {
  const [reason, setReason] = useState("");
  const reopen = useDecision(of.id, onClose, () => ask(api.POST("/v1/findings/{id}/reopen", {
    params: { path: { id: of.id }, header: { "If-Match": tag } }, body: { reason: reason.trim() },
  })));
  return (
    <Decision title="Open this finding again" opened={opened} onClose={onClose} error={reopen.error} busy={reopen.isPending} action="Open it again" onSubmit={() => reopen.mutate()}>
      <Textarea label="Why is the risk accepted no longer?" required autosize minRows={3} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Decision>
  );
}

// useDecision decides once. Where somebody was faster, what they did is shown first.
function useDecision(id: string, onDone: () => void, decide: () => Promise<unknown>) {
  const queries = useQueryClient();
  const again = () => Promise.all([queries.invalidateQueries({ queryKey: ["finding", id] }), queries.invalidateQueries({ queryKey: ["findings"] })]);
  return useMutation({
    mutationFn: decide,
    onSuccess: async () => { await again(); onDone(); },
    onError: (error) => { if (asProblem(error).code === "version-changed") void again(); },
  });
}

interface DecisionProps {
  title: string;
  opened: boolean;
  onClose: () => void;
  error: unknown;
  busy: boolean;
  action: string;
  onSubmit: () => void;
  children: React.ReactNode;
}

function Decision({ title, opened, onClose, error, busy, action, onSubmit, children }: DecisionProps) {
  const submit = (e: FormEvent) => {
    e.preventDefault();
    onSubmit();
  };
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="lg">
      <form onSubmit={submit} className={css.form}>
        {children}
        {error != null && <Alert color="red" variant="light" role="alert">{asProblem(error).message}{asProblem(error).code === "version-changed" && " What you wrote is kept; look at what changed, and send it again."}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={busy}>{action}</Button>
        </Group>
      </form>
    </Modal>
  );
}
