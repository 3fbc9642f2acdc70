import { Button, Group, Modal } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { asProblem } from "../../client/problem";
import { Owners, Plan, Worth } from "./Fields";
import css from "./flow.module.css";
import { useChange, useKinds, type Change, type Kind, type Versioned } from "./system";
import { Reach } from "./Reach";
import { toldOf, whereOf, whole } from "./where";
import { said } from "../access/words";
import { Wrong } from "./Wrong";

interface EditProps {
  of: Versioned;
  onClose: () => void;
}

// useTyped keeps what is typed, and the version that it was typed over: where somebody
// was faster, they are told once, and what they saved is under what is typed.
function useTyped({ of, onClose }: EditProps) {
  const [changes, setChanges] = useState<Change>({});
  const [seen, setSeen] = useState(of.tag);
  const change = useChange(of.data.id, onClose);
  const told = change.error !== null && asProblem(change.error).code === "version-changed";
  const save = (body: Change) => {
    const tag = told ? of.tag : seen;
    setSeen(tag);
    change.mutate({ given: body, tag });
  };
  return { changes, setChanges, change, save };
}

// EditPlan changes who answers for a system, what it is worth, and when it is read.
export function EditPlan(props: EditProps) {
  const { data: s } = props.of;
  const { changes, setChanges, change, save } = useTyped(props);
  const [names, setNames] = useState<Record<string, string>>({});
  const changed = Object.values(changes).some((v) => v !== undefined);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (changed) save(changes);
  };
  return (
    <Modal opened onClose={props.onClose} title={`Who answers for ${s.name}, and when it is read`} size="lg">
      <form className={css.form} onSubmit={submit}>
        {s.may["system.owner"]?.allowed ? (
          <Owners of={s} changes={changes} onChange={setChanges} names={names} onName={(p) => setNames((n) => ({ ...n, [p.id]: p.name }))} />
        ) : <p className="quiet">Who answers for it, others decide: {s.may["system.owner"]?.why}.</p>}
        <Worth of={s} changes={changes} onChange={setChanges} />
        <Plan of={s} changes={changes} onChange={setChanges} />
        <Wrong error={change.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={props.onClose}>Cancel</Button>
          <Button type="submit" loading={change.isPending} disabled={!changed}>Save</Button>
        </Group>
      </form>
    </Modal>
  );
}

// EditReach changes how a system is reached.
export function EditReach(props: EditProps) {
  const kinds = useKinds();
  const kind = (kinds.data?.items ?? []).find((k) => k.kind === props.of.data.connector);
  return (
    <Modal opened onClose={props.onClose} title={`How ${props.of.data.name} is reached`} size="lg">
      {kind ? <ReachForm {...props} kind={kind} /> : <p>{kinds.isPending ? "A moment." : `This node has no connector for ${props.of.data.connector}, so that its settings cannot be changed here.`}</p>}
    </Modal>
  );
}

function ReachForm({ kind, ...props }: EditProps & { kind: Kind }) {
  const { data: s } = props.of;
  const { change, save } = useTyped(props);
  const [where, setWhere] = useState(() => whereOf(s, kind));
  const moved = where.address.trim() !== s.address && where.credential === "keep" && s.credential.kind !== "none";
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (whole(where, kind) && !moved) save(toldOf(where, kind));
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <Reach kind={kind} value={where} kept={s.credential.kind === "none" ? "Nothing, as now" : `The one that is kept: ${said(s.credential.kind).toLowerCase()}`} onChange={(changes) => setWhere((before) => ({ ...before, ...changes }))} />
      {moved && <p className="quiet">To another address the credential is given anew: it goes to the one that it was given for.</p>}
      <Wrong error={change.error} />
      <Group justify="flex-end">
        <Button variant="default" onClick={props.onClose}>Cancel</Button>
        <Button type="submit" loading={change.isPending} disabled={!whole(where, kind) || moved}>Save</Button>
      </Group>
    </form>
  );
}
