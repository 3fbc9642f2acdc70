import { Alert, Button, Group, Modal, NumberInput, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { count } from "../../ui/Figures";
import { Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { MayButton } from "../access/MayButton";
import { actorName } from "../access/words";
import css from "./lifecycle.module.css";
import { percent } from "./words";

type Numbers = AnswerOf<"show-lifecycle-guard">;

// Guard is how much one step may take from people before it is held, who said so, and why.
export function Guard() {
  const [changing, setChanging] = useState(false);
  const guard = useQuery({ queryKey: ["lifecycle", "guard"], queryFn: () => ask(api.GET("/v1/lifecycle/guard")) });
  return (
    <Panel title="When a step is held" note={<MayButton may={guard.data?.may["lifecycle.guard"]} variant="default" size="compact-sm" onClick={() => setChanging(true)}>Change</MayButton>}>
      <Answer to={guard} lines={3}>
        {(g) => (
          <>
            <p className={css.guard}>Where it takes something from <strong>more than {count(g.count)} people</strong> and from <strong>more than {percent(g.share)}</strong> of those whom rules are for. What was taken within the hour before counts with it, so that small steps add up.</p>
            <History of={g} />
            {changing && <Change of={g} onClose={() => setChanging(false)} />}
          </>
        )}
      </Answer>
    </Panel>
  );
}

function History({ of: g }: { of: Numbers }) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={`${css.scroll} ${css.low}`} role="region" aria-label="Who set these numbers" tabIndex={0}>
      <table className={css.table}>
        <thead><tr><th scope="col">People</th><th scope="col">Share</th><th scope="col">Who set it</th><th scope="col">Why</th></tr></thead>
        <tbody>
          {(g.history ?? []).map((h, i) => (
            <tr key={h.at ?? "first"}>
              <td>{count(h.count)}</td>
              <td>{percent(h.share)}</td>
              <td>{h.at ? <>{actorName(h.by ?? "", g.names[h.by ?? ""] ? { name: g.names[h.by ?? ""]! } : undefined)}<span className={css.sub}><Time at={h.at} />{i === 0 && ", in force"}</span></> : <>Writ<span className={css.sub}>nobody has set it</span></>}</td>
              <td>{h.reason ? `“${h.reason}”` : <span className="quiet">Writ comes with it</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Change({ of: g, onClose }: { of: Numbers; onClose: () => void }) {
  const queries = useQueryClient();
  const [most, setMost] = useState<number | string>(g.count);
  const [share, setShare] = useState<number | string>(Math.round(10_000 * g.share) / 100);
  const [reason, setReason] = useState("");
  const ready = most !== "" && share !== "" && reason.trim() !== "";
  const change = useMutation({
    mutationFn: () => ask(api.PUT("/v1/lifecycle/guard", { body: { count: Number(most), share: Number(share) / 100, reason: reason.trim() } })),
    onSuccess: async () => { await queries.invalidateQueries({ queryKey: ["lifecycle", "guard"] }); onClose(); },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready) change.mutate();
  };
  return (
    <Modal opened onClose={onClose} title="When is a step held?" size="lg">
      <form className={css.form} onSubmit={submit}>
        <p>A step that takes something from more people than both of these numbers waits for somebody else than who caused it. What is held now stays so.</p>
        <div className={css.pair}>
          <NumberInput label="Held above this many people" required min={0} max={1_000_000} decimalScale={0} value={most} onChange={setMost} data-autofocus />
          <NumberInput label="and above this share of those whom rules are for, in percent" required min={0} max={100} decimalScale={2} value={share} onChange={setShare} />
        </div>
        {Number(share) === 100 && <Alert color="orange" variant="light">No step takes from more than all: nothing would ever be held.</Alert>}
        <Textarea label="Why?" required autosize minRows={2} maxLength={500} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
        {change.error && <Alert color="red" variant="light" role="alert">{asProblem(change.error).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Close</Button>
          <Button type="submit" loading={change.isPending} disabled={!ready}>Set these numbers</Button>
        </Group>
      </form>
    </Modal>
  );
}
