import { Alert, Button, Group, Modal, Textarea } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { IconCircleCheck, IconEqual } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import type { AnswerOf } from "../../client/types";
import { Answer } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { count, Figures } from "../../ui/Figures";
import { Mark } from "../../ui/Mark";
import { Page } from "../../ui/Page";
import { Facts, Panel } from "../../ui/Panel";
import { Rows } from "../../ui/Rows";
import ui from "../../ui/ui.module.css";
import { MayButton } from "../access/MayButton";
import { Named } from "../access/Named";
import css from "./mine/mine.module.css";
import { Names } from "./mine/Names";
import form from "./role.module.css";
import { trail } from "./role";
import { people } from "./words";
import { Wrong } from "./Wrong";

type Plan = AnswerOf<"plan-role-migration">;
type Proof = AnswerOf<"migrate-role">;

// Migration answers who has all of a role already, what would become of their direct
// grants, and that nobody gains or loses anything.
export function Migration() {
  const { id } = useParams({ strict: false }) as { id: string };
  const [proof, setProof] = useState<Proof>();
  const plan = useQuery({ queryKey: ["role", id, "migration"], queryFn: () => ask(api.GET("/v1/roles/{id}/migration", { params: { path: { id } } })) });
  const name = plan.data?.role.name;
  return (
    <Page
      title={name ? `Who holds all of ${name} already?` : "Migration"} trail={[...trail, { label: name ?? "The role", to: `/roles/${id}` }]}
      lead="They are given the role in place of their direct grants. What systems show stays as it is: only why they have it changes."
      actions={plan.data && plan.data.people > 0 && <Go id={id} of={plan.data} onDone={setProof} />}
    >
      {proof && <Done of={proof} />}
      <Answer to={plan} lines={8}>{(p) => (p.people === 0 ? <Panel><Blank sign={IconCircleCheck} title="There is nobody to migrate" text={nobody(p)} actions={<Link to="/roles/$id" params={{ id }}>Back to the role</Link>} /></Panel> : <Planned of={p} />)}</Answer>
    </Page>
  );
}

function nobody(p: Plan): string {
  if (p.own > 0) return `${p.own === 1 ? "One who holds all of it is" : `${count(p.own)} who hold all of it are`} you, or a service of yours or of whom you report to: somebody else migrates them.`;
  return "Nobody who has not the role holds all that it gives by themself, everywhere and without an end.";
}

function Planned({ of: p }: { of: Plan }) {
  const first = p.first ?? [];
  return (
    <>
      <Figures items={[
        { value: count(p.people), label: p.people === 1 ? "person is migrated" : "people are migrated", note: p.left > 0 ? `${count(p.left)} more by the next migration` : "who hold all that it gives" },
        { value: count(p.justifications), label: p.justifications === 1 ? "direct reason ends" : "direct reasons end", note: "the role takes their place in the same moment" },
        { value: count(p.pairs), label: "held before, and after", note: "all that they have, not only by this role" },
        ...(p.own > 0 ? [{ value: count(p.own), label: "left to somebody else", note: "you, or services that are yours or those of whom you report to" }] : []),
      ]}
      />
      <div className={css.two}>
        <div className={ui.column}>
          <Panel title="The proof that nobody gains or loses" note={p.equal ? <Mark tone="good" sign={IconEqual}>The same</Mark> : <Mark tone="bad">Not the same</Mark>}>
            <Facts items={[["Pairs of somebody and an entitlement", count(p.pairs)], ["Digest before", <span key="b" className={css.digest}>{p.before}</span>], ["Digest after", <span key="a" className={css.digest}>{p.after}</span>]]} />
          </Panel>
          <Panel title="What is swapped" note="by entitlement" flush>
            <Rows items={(p.swaps ?? []).map((s, i) => ({ key: s.entitlement.id || String(i), title: <Named of={s.entitlement} />, note: `held by ${people(s.people)} directly`, end: s.justifications === 0 ? <span className="quiet">no direct reason</span> : s.justifications === 1 ? "1 reason ends" : `${count(s.justifications)} reasons end` }))} />
          </Panel>
        </div>
        <Panel title="Who is migrated" note={first.length < p.people ? `the first ${count(first.length)} of ${count(p.people)}` : count(p.people)}>
          <Names of={first} label="Who is migrated" />
        </Panel>
      </div>
    </>
  );
}

function Done({ of: p }: { of: Proof }) {
  return (
    <Alert color="green" variant="light" role="status" icon={<IconCircleCheck size={18} />} title={`${people(p.people)} ${p.people === 1 ? "has" : "have"} it by the role now`}>
      Nobody gained or lost anything: the same {count(p.pairs)} pairs before and after. {p.justifications === 1 ? "1 direct reason" : `${count(p.justifications)} direct reasons`} ended. The record keeps both digests: <span className={css.digest}>{p.digest}</span>
    </Alert>
  );
}

function Go({ id, of: p, onDone }: { id: string; of: Plan; onDone: (proof: Proof) => void }) {
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState("");
  const queries = useQueryClient();
  const again = () => Promise.all([queries.invalidateQueries({ queryKey: ["role", id] }), queries.invalidateQueries({ queryKey: ["roles"] })]);
  const migrate = useMutation({
    mutationFn: () => ask(api.POST("/v1/roles/{id}/migration", { params: { path: { id } }, body: { reason: reason.trim(), before: p.before } })),
    onSuccess: async (proof) => { setOpen(false); onDone(proof); await again(); },
    onError: again, // what people have may be another now
  });
  const submit = (e: FormEvent) => { e.preventDefault(); if (reason.trim() !== "") migrate.mutate(); };
  return (
    <>
      <MayButton may={p.may["role.assign"]} onClick={() => setOpen(true)}>Migrate {people(p.people)}</MayButton>
      {open && (
        <Modal opened onClose={() => setOpen(false)} title={`Migrate ${people(p.people)} to ${p.role.name}`} size="lg">
          <form className={form.form} onSubmit={submit}>
            <p>It is worked out once more as it is done. Where anybody would gain or lose anything, or something is not as you have seen it, nothing happens.</p>
            <Textarea label="Why?" required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
            <Wrong error={migrate.error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setOpen(false)}>Cancel</Button>
              <Button type="submit" loading={migrate.isPending} disabled={reason.trim() === ""}>Migrate</Button>
            </Group>
          </form>
        </Modal>
      )}
    </>
  );
}
