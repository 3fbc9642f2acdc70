import { Alert, Button, Group, Modal, SegmentedControl, Textarea, TextInput } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { api, askWithTag } from "../../client/client";
import { Time } from "../../ui/Time";
import { MayButton } from "../access/MayButton";
import css from "./flow.module.css";
import { useAct, type Shown, type Versioned } from "./system";
import { Wrong } from "./Wrong";

const terms = [{ value: "1", label: "1 hour" }, { value: "4", label: "4 hours" }, { value: "24", label: "A day" }, { value: "168", label: "A week" }, { value: "", label: "Until …" }];

const later = (hours: string) => new Date(Date.now() + Number(hours) * 3_600_000);

interface ModalProps {
  of: Versioned;
  opened: boolean;
  onClose: () => void;
}

// Pause leaves a system alone until a time.
export function Pause({ of: { data: s, tag }, opened, onClose }: ModalProps) {
  const [term, setTerm] = useState("4");
  const [date, setDate] = useState("");
  const [reason, setReason] = useState("");
  const until = term ? later(term) : date ? new Date(date) : undefined;
  const pause = useAct<{ until: string; reason: string }>(
    s.id, (body, seen) => askWithTag(api.POST("/v1/systems/{id}/maintenance", { params: { path: { id: s.id }, header: { "If-Match": seen } }, body })), onClose,
  );
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (until) pause.mutate({ given: { until: until.toISOString(), reason: reason.trim() }, tag });
  };
  return (
    <Modal opened={opened} onClose={onClose} title={`Leave ${s.name} alone for a time`} size="lg">
      <form className={css.form} onSubmit={submit}>
        <p>It is not read, and nobody sees what changes on it meanwhile. What is known ages: controls whose facts are too old count as unknown. It ends by itself, after 90 days at most.</p>
        <SegmentedControl aria-label="For how long" data={terms} value={term} onChange={setTerm} fullWidth />
        {term === "" && <TextInput type="datetime-local" label="Until" required value={date} onChange={(e) => setDate(e.currentTarget.value)} />}
        {until && <p className="quiet">Until {until.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" })}.</p>}
        <Textarea label="Why?" required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
        <Wrong error={pause.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={pause.isPending} disabled={!until || reason.trim() === ""}>Begin maintenance</Button>
        </Group>
      </form>
    </Modal>
  );
}

// Paused says until when and why a system is left alone, and ends it.
export function Paused({ of: { data: s, tag } }: { of: Versioned }) {
  const resume = useAct<void>(s.id, (_given, seen) => askWithTag(api.DELETE("/v1/systems/{id}/maintenance", { params: { path: { id: s.id }, header: { "If-Match": seen } } })));
  if (s.stage !== "maintenance") return null;
  return (
    <Alert color="violet" variant="light" title={<>In maintenance: it is read again <Time at={s.paused_until} /></>}>
      <div className={css.column}>
        <p>{untilOf(s)}: “{s.paused_reason}”</p>
        <Wrong error={resume.error} />
        <div><MayButton may={s.may["system.change"]} variant="default" size="xs" loading={resume.isPending} onClick={() => resume.mutate({ given: undefined, tag })}>End the maintenance</MayButton></div>
      </div>
    </Alert>
  );
}

export function untilOf(s: Pick<Shown, "paused_until">): string {
  return s.paused_until ? `Until ${new Date(s.paused_until).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}` : "";
}
