import { Alert, Button, Group, Modal, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { ItemOf } from "../../client/types";
import { count } from "../../ui/Figures";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { MayButton, type Verdict } from "../access/MayButton";
import { Named } from "../access/Named";
import { Reasoned } from "../provision/Reasoned";
import css from "./lifecycle.module.css";
import { daysFrom } from "./words";

type Step = ItemOf<"list-holds">;

export function useHolds() {
  return useQuery({ queryKey: ["lifecycle", "holds"], queryFn: () => ask(api.GET("/v1/lifecycle/holds")) });
}

// Held are steps that would take something from too many: everybody in them stays as they
// are until somebody decides.
export function Held() {
  const holds = useHolds();
  const may = holds.data?.may["lifecycle.release"];
  return <>{(holds.data?.items ?? []).map((s) => <One key={s.id} of={s} may={may} />)}</>;
}

function One({ of: s, may }: { of: Step; may: Verdict | undefined }) {
  const [doing, setDoing] = useState<"release" | "discard">();
  const [shown, setShown] = useState(false);
  const first = s.first ?? [];
  const close = () => setDoing(undefined);
  return (
    <Panel title={`A step would take something from ${count(s.people)} of ${count(s.of)} people`} note={<>held <Time at={s.since} /></>}>
      <div className={css.held}>
        <p>Everybody in it stays as they are, and everybody else goes on. Look whether it is right: a feed that moves half the company by mistake looks like this. Whoever caused it does not release it.</p>
        {s.until && <p>Left as they are until <Time at={s.until} absolute />{s.reason && <>: “{s.reason}”</>}</p>}
        <p className="quiet">{count(s.left)} are held still.</p>
        {shown && <div className={css.people}>{first.map((who) => <Named key={who.id} of={who} />)}{s.left > first.length && <span className="quiet">and {count(s.left - first.length)} more</span>}</div>}
        <div className={css.buttons}>
          <MayButton may={may} size="xs" onClick={() => setDoing("release")}>Let it happen</MayButton>
          <MayButton may={may} variant="default" size="xs" onClick={() => setDoing("discard")}>Leave them as they are</MayButton>
          {first.length > 0 && <Button variant="subtle" size="xs" aria-expanded={shown} onClick={() => setShown(!shown)}>{shown ? "Hide who they are" : "Show who they are"}</Button>}
        </div>
      </div>
      {doing === "release" && <Release of={s} onClose={close} />}
      {doing === "discard" && <Discard of={s} onClose={close} />}
    </Panel>
  );
}

function Release({ of: s, onClose }: { of: Step; onClose: () => void }) {
  const queries = useQueryClient();
  return (
    <Reasoned
      title={`Take something from ${count(s.left)} people`} action="Let it happen" danger question="Why is it right?" onClose={onClose}
      act={async (reason) => {
        await ask(api.POST("/v1/lifecycle/holds/{id}/release", { params: { path: { id: s.id } }, body: { reason } }));
        await queries.invalidateQueries({ queryKey: ["lifecycle"] });
      }}
    >
      <p>What they would lose by the rules as they stand ends now, and is taken away in the systems.</p>
    </Reasoned>
  );
}

function Discard({ of: s, onClose }: { of: Step; onClose: () => void }) {
  const queries = useQueryClient();
  const [today] = useState(() => new Date());
  const [until, setUntil] = useState(() => daysFrom(today, 7));
  const [reason, setReason] = useState("");
  const discard = useMutation({
    mutationFn: () => ask(api.POST("/v1/lifecycle/holds/{id}/discard", { params: { path: { id: s.id } }, body: { until: new Date(`${until}T12:00`).toISOString(), reason: reason.trim() } })),
    onSuccess: async () => { await queries.invalidateQueries({ queryKey: ["lifecycle"] }); onClose(); },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (reason.trim() !== "") discard.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={`Leave ${count(s.left)} people as they are`} size="lg">
      <form className={css.form} onSubmit={submit}>
        <p>Nothing is taken from them, and nothing given, until that day; then they are compared again. Whoever leaves meanwhile is not kept by it.</p>
        <TextInput type="date" label="Until" required min={daysFrom(today, 1)} value={until} onChange={(e) => setUntil(e.currentTarget.value)} />
        <Textarea label="Why?" required autosize minRows={2} maxLength={500} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
        {discard.error && <Alert color="red" variant="light" role="alert">{asProblem(discard.error).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Close</Button>
          <Button type="submit" loading={discard.isPending} disabled={reason.trim() === ""}>Leave them as they are</Button>
        </Group>
      </form>
    </Modal>
  );
}
