import { Alert, Button, Group, Modal, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Time } from "../../ui/Time";
import { PersonField, type Person } from "../access/PersonField";
import { actorName } from "../audit/words";
import css from "./decide.module.css";
import type { Shown } from "./Finding";
import { happened } from "./words";

interface DecideProps {
  of: Shown;
  tag: string; // of the version that is shown
  onClose: () => void;
}

const terms = [
  { value: "30", label: "30 days" }, { value: "90", label: "90 days" }, { value: "180", label: "Half a year" }, { value: "364", label: "A year" },
];

// day is a date some days from now, as a field for dates holds it.
function day(days: number): string {
  const until = new Date();
  until.setDate(until.getDate() + days);
  return new Date(until.getTime() - until.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

// Accept says that a gap may stay for a time, and why.
export function Accept({ of, tag, onClose }: DecideProps) {
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState(day(90));
  const accept = useDecision(of.id, tag, onClose, (seen) => ask(api.POST("/v1/findings/{id}/accept", {
    params: { path: { id: of.id }, header: { "If-Match": seen } }, body: { reason: reason.trim(), until: new Date(`${until}T12:00`).toISOString() },
  })));
  return (
    <Decision title="Accept the risk of this finding" of={of} onClose={onClose} decision={accept} action="Accept the risk" over={overOf(of)}>
      <p>It stays as it is, and nobody is reminded, until the date that you choose. Then it is open again. Who accepted it and why is kept for good.</p>
      <Textarea label="Why is that acceptable?" required autosize minRows={3} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
      <div className={css.term}>
        <SegmentedControl aria-label="For how long?" data={terms} value={terms.find((t) => day(Number(t.value)) === until)?.value ?? ""} onChange={(v) => setUntil(day(Number(v)))} fullWidth />
        <TextInput type="date" label="Until" required min={day(1)} max={day(364)} value={until} onChange={(e) => setUntil(e.currentTarget.value)} />
      </div>
    </Decision>
  );
}

// overOf is why a risk cannot be accepted any more.
function overOf(of: Shown): string | undefined {
  if (of.status === "open") return undefined;
  return of.status === "accepted" ? "It is accepted already. Open it again first, if that is not right." : "It is resolved: nothing is left to accept.";
}

export function Reopen({ of, tag, onClose }: DecideProps) {
  const [reason, setReason] = useState("");
  const reopen = useDecision(of.id, tag, onClose, (seen) => ask(api.POST("/v1/findings/{id}/reopen", {
    params: { path: { id: of.id }, header: { "If-Match": seen } }, body: { reason: reason.trim() },
  })));
  return (
    <Decision title="Open this finding again" of={of} onClose={onClose} decision={reopen} action="Open it again" over={of.status === "open" ? "It is open already." : undefined}>
      <Textarea label="Why is the risk accepted no longer?" required autosize minRows={3} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Decision>
  );
}

// Assign gives a finding to somebody who has to act, or back to its function.
export function Assign({ of, tag, onClose }: DecideProps) {
  const [owner, setOwner] = useState<Person | null>(of.owner ? { id: of.owner.id, name: of.owner.name } : null);
  const assign = useDecision(of.id, tag, onClose, (seen) => ask(api.PUT("/v1/findings/{id}/owner", {
    params: { path: { id: of.id }, header: { "If-Match": seen } }, body: { owner: owner?.id ?? "" },
  })));
  return (
    <Decision title="Who has to act on this finding?" of={of} onClose={onClose} decision={assign} action={owner ? `Give it to ${owner.name}` : "Leave it to the function"}>
      <p>The function stays accountable. Whoever you name sees it as theirs, and whoever had it before no longer does.</p>
      <PersonField label="Owner" value={owner} onChange={setOwner} nobody="The function itself" />
    </Decision>
  );
}

// useDecision decides on the version that is shown. Where it has changed since the dialog
// was opened, that is said first, and nothing is done until it is sent again.
function useDecision(id: string, tag: string, onDone: () => void, decide: (seen: string) => Promise<unknown>) {
  const queries = useQueryClient();
  const [seen, setSeen] = useState(tag);
  const again = () => Promise.all([queries.invalidateQueries({ queryKey: ["finding", id] }), queries.invalidateQueries({ queryKey: ["findings"] })]);
  const decision = useMutation({
    mutationFn: decide,
    onSuccess: async () => { await again(); onDone(); },
    onError: async (error) => { if (asProblem(error).code === "version-changed") await again(); },
  });
  const submit = () => {
    setSeen(tag);
    decision.mutate(tag);
  };
  return { decision, submit, changed: seen !== tag };
}

interface DecisionProps {
  title: string;
  of: Shown;
  onClose: () => void;
  decision: ReturnType<typeof useDecision>;
  action: string;
  over?: string; // why it can be done no more
  children: ReactNode;
}

function Decision({ title, of, onClose, decision: { decision, submit, changed }, action, over, children }: DecisionProps) {
  const onSubmit = (e: FormEvent) => {
    e.preventDefault();
    submit();
  };
  const problem = decision.error && asProblem(decision.error);
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      <form onSubmit={onSubmit} className={css.form}>
        {children}
        {changed ? <Changed of={of} over={over} /> : problem && <Alert color="red" variant="light" role="alert">{problem.message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={decision.isPending} disabled={changed && over !== undefined}>{action}</Button>
        </Group>
      </form>
    </Modal>
  );
}

// Changed says who was faster, and what they did; what was typed stays.
function Changed({ of, over }: { of: Shown; over?: string }) {
  const last = (of.history ?? [])[0];
  return (
    <Alert variant="light" role="alert" title="It has changed since you opened this">
      {last && <>{happened[last.what] ?? last.what} <Time at={last.at} /> by {last.person?.name ?? actorName(last.by)}{last.reason && <>: “{last.reason}”</>}. </>}
      {over ?? "Nothing was done yet, and what you wrote is kept. Send it again if it still holds."}
    </Alert>
  );
}
