import { Alert, Button, Group, Modal, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import { Time } from "../../ui/Time";
import { MayButton } from "../access/MayButton";
import { agreeing } from "../elevate/words";
import css from "./approval.module.css";
import { asking, reviews, stateOf } from "./words";

type Told = AnswerOf<"show-approval">;
type Verdict = "approve" | "refuse";

// Approval is one request: what is asked for, who said what, and the decision.
export function Approval() {
  const { id } = useParams({ strict: false }) as { id: string };
  const one = useQuery({ queryKey: ["approvals", id], queryFn: () => ask(api.GET("/v1/approvals/{id}", { params: { path: { id } } })) });
  const [deciding, setDeciding] = useState<Verdict>();
  const [told, setTold] = useState("");
  const a = one.data;
  const called = (of?: string) => (of ? a?.names?.[of] ?? of : "");
  const title = a ? asking(a.action, called(a.by), called(a.thing ?? a.about)).question : "May they?";
  return (
    <Page title={title} trail={[{ label: "Approvals", to: "/approvals" }]} marks={a && <Mark tone={stateOf(a.state).tone}>{stateOf(a.state).label}</Mark>}>
      <p role="status" className={told ? undefined : "out-of-view"}>{told}</p>
      <Panel title="What is asked for">
        <Answer to={one} lines={6}>{(d) => <Asked of={d} called={called} onDecide={setDeciding} onTold={setTold} />}</Answer>
      </Panel>
      {a && <Said of={a} called={called} />}
      {a && deciding && <Decide of={a} as={deciding} called={called} onClose={() => setDeciding(undefined)} onDecided={(words) => { setDeciding(undefined); setTold(words); }} />}
    </Page>
  );
}

// What of that which is shown has a line of its own already.
const said = ["who", "what", "system"];

interface AskedProps {
  of: Told;
  called: (id?: string) => string;
  onDecide: (v: Verdict) => void;
  onTold: (words: string) => void;
}

function Asked({ of: a, called, onDecide, onTold }: AskedProps) {
  const queries = useQueryClient();
  const withdraw = useMutation({
    mutationFn: () => ask(api.POST("/v1/approvals/{id}/withdraw", { params: { path: { id: a.id } } })),
    onSuccess: () => onTold("It is withdrawn."), onError: (e) => onTold(asProblem(e).message),
    onSettled: () => queries.invalidateQueries({ queryKey: ["approvals"] }),
  });
  const stage = a.stages?.[a.stage];
  return (
    <div className={css.asked}>
      <Facts items={[
        ["Who", called(a.by)], ["Why", a.reason ? `“${a.reason}”` : "no reason given"], ["Ticket", a.ticket], ["System", called(a.system)],
        ...Object.entries(a.shown ?? {}).filter(([name]) => !said.includes(name)).map(([name, text]): [string, string] => [name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " "), text]),
        ["Asked", <Time key="asked" at={a.asked_at} />],
        ["It takes", a.state === "waiting" && stage ? `${agreeing(stage, called)}${a.of > 1 ? ` (stage ${a.stage + 1} of ${a.of})` : ""}` : undefined],
        ["Times out", a.state === "waiting" && <Time key="ends" at={a.ends_at} />],
      ]}
      />
      {a.state === "waiting" && (
        <div className={css.buttons}>
          <MayButton may={a.may["approval.decide"]} onClick={() => onDecide("approve")}>Approve</MayButton>
          <MayButton may={a.may["approval.decide"]} variant="default" onClick={() => onDecide("refuse")}>Refuse</MayButton>
          {a.may["approval.withdraw"]?.allowed && <Button variant="default" loading={withdraw.isPending} onClick={() => withdraw.mutate()}>Withdraw it</Button>}
        </div>
      )}
    </div>
  );
}

function Said({ of: a, called }: { of: Told; called: (id?: string) => string }) {
  const decisions = a.decisions ?? [];
  return (
    <Panel title="Who said what" flush>
      {decisions.length === 0 ? <p className={css.none}>Nobody has decided yet{(a.deciders ?? []).length > 0 && `; ${(a.deciders ?? []).map((d) => called(d.who)).join(", ")} may`}.</p>
        : (
          <Rows items={decisions.map((d) => ({
            key: `${d.version} ${d.by}`, title: <>{called(d.by)}{d.instead_of && ` in the place of ${called(d.instead_of)}`}</>,
            note: <>{d.comment ? `“${d.comment}”, ` : ""}<Time at={d.at} />{d.version !== a.version && ", of what it showed before"}</>,
            end: <Mark tone={d.verdict === "approve" ? "good" : "bad"} bare>{d.verdict === "approve" ? "Approved" : "Refused"}</Mark>,
          }))}
          />
        )}
    </Panel>
  );
}

interface DecideProps {
  of: Told;
  as: Verdict;
  called: (id?: string) => string;
  onClose: () => void;
  onDecided: (words: string) => void;
}

// Decide says yes or no to the very text that was shown: where it shows something else by
// now, the server refuses.
function Decide({ of: a, as, called, onClose, onDecided }: DecideProps) {
  const queries = useQueryClient();
  const [comment, setComment] = useState("");
  const refuses = as === "refuse";
  const place = (a.places ?? []).length === 1 ? a.places?.[0] : undefined;
  const done = useMutation({
    mutationFn: () => ask(api.POST("/v1/approvals/{id}/decision", { params: { path: { id: a.id } }, body: { verdict: as, comment: comment.trim(), digest: a.digest, version: a.version, instead_of: place } })),
    onSuccess: () => onDecided(refuses ? "You have refused it." : "You have agreed."),
    onSettled: () => queries.invalidateQueries({ queryKey: ["approvals"] }),
  });
  const said = refuses || reviews(a.action);
  const ready = !said || comment.trim() !== "";
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready) done.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={refuses ? "Refuse it" : "Agree to it"} size="lg">
      <form className={css.form} onSubmit={submit}>
        <p>{asking(a.action, called(a.by), called(a.thing ?? a.about)).sentence}. {reviews(a.action) ? "What you found is kept with exactly what you were shown." : refuses ? "With your no it ends here." : "Your yes is kept with exactly what you were shown."}{place && ` You decide in the place of ${called(place)}.`}</p>
        <Textarea label={reviews(a.action) ? "What did you find?" : refuses ? "Why not?" : "Anything to add?"} required={said} autosize minRows={2} maxLength={1000} value={comment} onChange={(e) => setComment(e.currentTarget.value)} data-autofocus />
        {done.error && <Alert color="red" variant="light" role="alert">{asProblem(done.error).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Close</Button>
          <Button type="submit" color={refuses ? "red.9" : undefined} loading={done.isPending} disabled={!ready}>{refuses ? "Refuse" : "Approve"}</Button>
        </Group>
      </form>
    </Modal>
  );
}
