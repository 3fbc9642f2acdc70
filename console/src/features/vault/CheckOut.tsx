import { Select, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { choices, lasting } from "../elevate/words";
import { Dialog } from "./Dialog";
import { useAct, type Terms } from "./vault";
import { takes } from "./words";

interface CheckOutProps {
  of: { id: string; name: string; exclusive?: boolean };
  terms: Terms;
  rotates?: boolean;
  onClose: () => void;
  onOut: (words: string) => void;
}

// CheckOut asks for what the terms of the safe ask for, and for nothing else.
export function CheckOut({ of, terms, rotates, onClose, onOut }: CheckOutProps) {
  const most = Math.max(1, terms.most_minutes);
  const [minutes, setMinutes] = useState(String(choices(most).find((m) => m >= 60) ?? most));
  const [reason, setReason] = useState("");
  const [ticket, setTicket] = useState("");
  const waits = (terms.stages ?? []).length > 0;
  const out = useAct(
    () => ask(api.POST("/v1/secrets/{id}/checkouts", { params: { path: { id: of.id } }, body: { minutes: Number(minutes), reason: reason.trim(), ticket: ticket.trim() } })),
    (c) => onOut(c.state === "waiting" ? `Others are asked whether you may have ${of.name}.` : `You have ${of.name} out.`),
  );
  const ready = (!terms.reason || reason.trim() !== "") && (!terms.ticket || ticket.trim() !== "");
  return (
    <Dialog title={`Check ${of.name} out`} does={waits ? "Ask for it" : "Check it out"} act={out} ready={ready} onClose={onClose}>
      <p>It takes {takes(terms)}. {of.exclusive ? "While you have it, nobody else does. " : ""}It ends by itself{rotates ? ", and is given another value then" : ""}.</p>
      <Select label="For how long?" allowDeselect={false} data={choices(most).map((m) => ({ value: String(m), label: lasting(m) }))} value={minutes} onChange={(v) => v && setMinutes(v)} data-autofocus />
      <Textarea label="Why?" required={terms.reason} autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
      {terms.ticket && <TextInput label="Ticket" required maxLength={200} value={ticket} onChange={(e) => setTicket(e.currentTarget.value)} />}
    </Dialog>
  );
}
