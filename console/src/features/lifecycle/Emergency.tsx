import { Alert, Button, Group, Modal, Textarea } from "@mantine/core";
import { IconUrgent } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { Answer } from "../../shell/Answer";
import { count } from "../../ui/Figures";
import type { Person } from "../access/PersonField";
import css from "./lifecycle.module.css";
import { useForetold } from "./Order";
import { Outcome } from "./Outcome";

// Emergency cuts somebody off at once. It says what is cut before, asks why, and for the
// second factor again.
export function Emergency({ person, onClose }: { person: Person; onClose: () => void }) {
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const foretold = useForetold(person.id, "terminate", true);
  const cut = useMutation({
    mutationFn: () => ask(api.POST("/v1/lifecycle/emergencies", { body: { identity: person.id, reason: reason.trim() } })),
    onSuccess: async () => {
      await Promise.all([queries.invalidateQueries({ queryKey: ["lifecycle"] }), queries.invalidateQueries({ queryKey: ["identity", person.id] })]);
      onClose();
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (reason.trim() !== "") cut.mutate();
  };
  const disabled = (foretold.data?.accounts ?? []).length;
  return (
    <Modal opened onClose={onClose} title={<span className={css.alarm}><IconUrgent size={18} aria-hidden /> Cut off {person.name} now</span>} size="lg">
      <form className={css.form} onSubmit={submit}>
        <div className={css.loud}>
          <p><strong>This happens at once, and no guard holds it.</strong> They are terminated, whatever sources say:</p>
          <ul className={css.cut}>
            <li>they are signed out of Writ, and cannot sign in again;</li>
            <li>{foretold.data ? `${count(disabled)} ${disabled === 1 ? "account of theirs is" : "accounts of theirs are"} disabled` : "every account of theirs is disabled"}, before anything else is done in those systems, and sessions there are ended where a system can do that;</li>
            <li>what rules and roles give them ends.</li>
          </ul>
          <p>Where a system has no interface, somebody does it by hand: that is shown afterwards.</p>
        </div>
        <section className={css.preview} aria-label="What is cut">
          <h3>What is cut</h3>
          <Answer to={foretold} lines={3}>{(o) => <Outcome of={o} />}</Answer>
        </section>
        <Textarea label="Why?" description="It is recorded with your name, for good." required autosize minRows={2} maxLength={500} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
        {cut.error && <Alert color="red" variant="light" role="alert">{asProblem(cut.error).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Do nothing</Button>
          <Button type="submit" color="red.9" loading={cut.isPending} disabled={reason.trim() === ""} leftSection={<IconUrgent size={16} />}>Cut off now</Button>
        </Group>
      </form>
    </Modal>
  );
}
