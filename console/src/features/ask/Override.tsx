import { Alert, Button, Group, Modal, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { Mark } from "../../ui/Mark";
import { Time } from "../../ui/Time";
import { tierMeans } from "../access/words";
import css from "./ask.module.css";

type Dossier = AnswerOf<"show-entitlement">;

interface OverrideProps {
  of: Dossier;
  id: string;
  tag: string; // of the decision that is shown
}

// Decided is what a person has decided of a tier, beside what facts say, and how to
// decide otherwise.
export function Decided({ of, id, tag }: OverrideProps) {
  const [doing, setDoing] = useState<"decide" | "undo">();
  const o = of.override;
  const may = of.may["classification.override"];
  return (
    <div className={css.decided}>
      {o && (
        <p>
          <Mark tone="odd">Overridden</Mark> Tier {o.tier} by {o.by} <Time at={o.since} />{o.until && <> until <Time at={o.until} absolute /></>}: “{o.reason}”
          {!o.holds && <span className="quiet"> It no longer counts: the facts have changed since.</span>}
          <span className="quiet"> Facts say tier {of.facts_tier}.</span>
        </p>
      )}
      <Group gap="xs">
        <Button variant="default" size="xs" disabled={!may?.allowed} title={may?.why} onClick={() => setDoing("decide")}>{o ? "Decide otherwise" : "Override the tier"}</Button>
        {o && <Button variant="default" size="xs" disabled={!may?.allowed} title={may?.why} onClick={() => setDoing("undo")}>Let the facts decide</Button>}
        {!may?.allowed && <span className="quiet">{may?.why}</span>}
      </Group>
      {doing === "decide" && <Override of={of} id={id} tag={tag} onClose={() => setDoing(undefined)} />}
      {doing === "undo" && <Undo of={of} id={id} tag={tag} onClose={() => setDoing(undefined)} />}
    </div>
  );
}

interface DialogProps extends OverrideProps {
  onClose: () => void;
}

// Override asks for an end where the tier becomes better than the facts say: nobody may
// forget that for ever.
function Override({ of, id, tag, onClose }: DialogProps) {
  const facts = of.facts_tier < 0 ? 0 : of.facts_tier;
  const [tier, setTier] = useState(String(of.override?.tier ?? facts));
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState("");
  const better = Number(tier) > facts;
  const decide = useDecide(id, tag, onClose, (seen) => ask(api.PUT("/v1/entitlements/{id}/classification", {
    params: { path: { id }, header: { "If-Match": seen } },
    body: { tier: Number(tier), reason: reason.trim(), until: until ? new Date(`${until}T12:00`).toISOString() : undefined },
  })));
  return (
    <Dialog title="Which tier is right?" decide={decide} onClose={onClose} action="Override it">
      <p>Facts say {of.facts_tier < 0 ? "nothing yet, which counts as tier 0" : `tier ${of.facts_tier}: ${tierMeans[of.facts_tier]}`}. What you decide counts until you or the facts say otherwise, and requires other controls at once.</p>
      <div>
        <SegmentedControl aria-label="Tier" fullWidth data={["0", "1", "2", "3"].map((t) => ({ value: t, label: `Tier ${t}` }))} value={tier} onChange={setTier} />
        <p className="quiet">{tierMeans[Number(tier)]}</p>
      </div>
      <TextInput
        type="date" label={better ? "Until (a better tier than the facts say needs an end)" : "Until"} required={better} value={until} onChange={(e) => setUntil(e.currentTarget.value)}
        description={better ? "A year away at most" : "Leave it empty for as long as it holds"}
      />
      <Textarea label="Why?" required autosize minRows={3} maxLength={500} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </Dialog>
  );
}

function Undo({ of, id, tag, onClose }: DialogProps) {
  const [reason, setReason] = useState("");
  const decide = useDecide(id, tag, onClose, (seen) => ask(api.DELETE("/v1/entitlements/{id}/classification", {
    params: { path: { id }, header: { "If-Match": seen } }, body: { reason: reason.trim() },
  })));
  return (
    <Dialog title="Let the facts decide again?" decide={decide} onClose={onClose} action="Let the facts decide">
      <p>The tier becomes {of.facts_tier < 0 ? "unclassified, which counts as 0" : of.facts_tier}, or worse where it leads to worse.</p>
      <Textarea label="Why?" required autosize minRows={3} maxLength={500} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}

const otherwise = new Set(["override-changed", "version-changed"]);

// useDecide decides on the version that is shown; where somebody was faster, that is
// shown first.
function useDecide(id: string, tag: string, onDone: () => void, decide: (seen: string) => Promise<unknown>) {
  const queries = useQueryClient();
  const again = () => queries.invalidateQueries({ queryKey: ["entitlement", id] });
  const mutation = useMutation({
    mutationFn: () => decide(tag),
    onSuccess: async () => { await again(); onDone(); },
    onError: async (error) => { if (otherwise.has(asProblem(error).code)) await again(); },
  });
  return mutation;
}

function Dialog({ title, decide, onClose, action, children }: { title: string; decide: ReturnType<typeof useDecide>; onClose: () => void; action: string; children: ReactNode }) {
  const problem = decide.error && asProblem(decide.error);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    decide.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      <form onSubmit={submit} className={css.form}>
        {children}
        {problem && <Alert color="red" variant="light" role="alert">{problem.message}{otherwise.has(problem.code) && " What you wrote is kept: look at what was decided, and send it again if it still holds."}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={decide.isPending}>{action}</Button>
        </Group>
      </form>
    </Modal>
  );
}
