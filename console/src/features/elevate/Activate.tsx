import { Alert, Button, Group, Modal, Select, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import type { ItemOf } from "../../client/types";
import css from "./elevate.module.css";
import { asks, choices, lasting, minutesOf } from "./words";

export type Eligibility = ItemOf<"list-own-eligibilities">;

interface ActivateProps {
  of: Eligibility;
  name: string;
  onClose: () => void;
  onAsked: (of: { words: string; id: string; state: string }) => void;
}

// Activate asks for what the terms ask for, and for nothing else.
export function Activate({ of: e, name, onClose, onAsked }: ActivateProps) {
  const queries = useQueryClient();
  const most = Math.max(1, minutesOf(e.terms.most));
  const [minutes, setMinutes] = useState(String(choices(most).find((m) => m >= 30) ?? most));
  const [reason, setReason] = useState("");
  const [ticket, setTicket] = useState("");
  const waits = (e.terms.stages ?? []).length > 0;
  const done = useMutation({
    mutationFn: () => ask(api.POST("/v1/elevations", { body: { entitlement: e.entitlement, resource: e.resource, eligibility: e.id, for: `${minutes}m`, reason: reason.trim(), ticket: ticket.trim() } })),
    onSuccess: ({ id, state }) => {
      void queries.invalidateQueries({ queryKey: ["elevations"] });
      onAsked({ words: waits ? `Others are asked whether you may have ${name}.` : `${name} is being put on.`, id, state });
    },
  });
  const ready = (!e.terms.reason || reason.trim() !== "") && (!e.terms.ticket || ticket.trim() !== "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) done.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={`Activate ${name}`} size="lg">
      <form className={css.form} onSubmit={submit}>
        <p>It takes {asks(e.terms)}. It is gone at its end, by itself.</p>
        <Select label="For how long?" allowDeselect={false} data={choices(most).map((m) => ({ value: String(m), label: lasting(m) }))} value={minutes} onChange={(v) => v && setMinutes(v)} data-autofocus />
        <Textarea label="Why?" required={e.terms.reason} autosize minRows={2} maxLength={1000} value={reason} onChange={(v) => setReason(v.currentTarget.value)} />
        {e.terms.ticket && <TextInput label="Ticket" required maxLength={200} value={ticket} onChange={(v) => setTicket(v.currentTarget.value)} />}
        {done.error && <Alert color="red" variant="light" role="alert">{asProblem(done.error).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Close</Button>
          <Button type="submit" loading={done.isPending} disabled={!ready}>{waits ? "Ask for it" : "Activate"}</Button>
        </Group>
      </form>
    </Modal>
  );
}
