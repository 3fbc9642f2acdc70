import { Alert, Button, Group, Modal, Select, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { choices, lasting, minutesOf } from "../elevate/words";
import type { Account } from "./Given";
import css from "./lease.module.css";
import { asking, type ApiTerms } from "./words";

interface GetProps {
  of: { id: string; name: string; system: string; usual: number; terms: ApiTerms };
  system: string;
  onClose: () => void;
  onTold: (words: string) => void;
  onGiven: (account: Account) => void;
}

// Get has an account made for whoever asks. What comes back is handed on and kept nowhere: no
// query and no mutation ever holds it.
export function Get({ of: t, system, onClose, onTold, onGiven }: GetProps) {
  const queries = useQueryClient();
  const most = Math.max(1, minutesOf(t.terms.most ?? t.usual));
  const [minutes, setMinutes] = useState(String(choices(most).find((m) => m >= minutesOf(t.usual)) ?? most));
  const [reason, setReason] = useState("");
  const [ticket, setTicket] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<unknown>();
  const waits = (t.terms.stages ?? []).length > 0;
  const ready = (!t.terms.reason || reason.trim() !== "") && (!t.terms.ticket || ticket.trim() !== "");
  const submit = async (e: FormEvent) => {
    e.preventDefault();
    if (!ready || busy) return;
    setBusy(true);
    setWrong(undefined);
    try {
      const x = await ask(api.POST("/v1/leases", { body: { template: t.id, for: `${minutes}m`, reason: reason.trim(), ticket: ticket.trim() }, cache: "no-store" }));
      onClose();
      if (x.password) onGiven({ login: x.login, password: x.password, system, until: x.ends_at });
      else onTold(`Others are asked whether you may have an account by ${t.name}.`);
    } catch (error) {
      setWrong(error);
      setBusy(false);
    } finally {
      void queries.invalidateQueries({ queryKey: ["leases"] });
    }
  };
  return (
    <Modal opened onClose={onClose} title={`Have an account in ${system} made`} size="lg">
      <form className={css.form} onSubmit={(e) => void submit(e)} autoComplete="off">
        <p>By {t.name}. It takes {asking(t.terms)}. It is taken away at its end, with all that it left.</p>
        <Select label="For how long?" allowDeselect={false} data={choices(most).map((m) => ({ value: String(m), label: lasting(m) }))} value={minutes} onChange={(v) => v && setMinutes(v)} data-autofocus />
        <Textarea label="Why?" required={t.terms.reason} autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
        {t.terms.ticket && <TextInput label="Ticket" required maxLength={200} value={ticket} onChange={(e) => setTicket(e.currentTarget.value)} />}
        {wrong !== undefined && <Alert color="red" variant="light" role="alert">{asProblem(wrong).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Close</Button>
          <Button type="submit" loading={busy} disabled={!ready}>{waits ? "Ask for it" : "Have it made"}</Button>
        </Group>
      </form>
    </Modal>
  );
}
