import { Textarea } from "@mantine/core";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { save } from "../../client/download";
import { Dialog } from "../vault/Dialog";
import { useAct, type Kit } from "./breakglass";
import { fileName } from "./words";

interface ActProps {
  of: Kit;
  onClose: () => void;
  onDone: (words: string) => void;
}

// Renew makes the next edition of a kit, and saves it as a file at once.
export function Renew({ of: k, onClose, onDone }: ActProps) {
  const [reason, setReason] = useState("");
  const renew = useAct(
    () => ask(api.POST("/v1/break-glass/{id}/renew", { params: { path: { id: k.id } }, body: { reason: reason.trim() } })),
    (next) => onDone(`Edition ${next.edition} is made, and saved as ${save(new Blob([next.kit ?? ""], { type: "text/plain" }), fileName(next))}. Put it where the one before lies.`),
  );
  return (
    <Dialog title={`Renew ${k.name}`} does="Renew it, and save the file" act={renew} ready={reason.trim() !== ""} onClose={onClose}>
      <p>Edition {k.edition + 1} holds what its secrets are now. No holder is needed: the same shares open it. It waits for a drill of its own.</p>
      <Why value={reason} onChange={setReason} />
    </Dialog>
  );
}

// Retire says that a kit is no longer in use.
export function Retire({ of: k, onClose, onDone }: ActProps) {
  const [reason, setReason] = useState("");
  const retire = useAct(() => ask(api.POST("/v1/break-glass/{id}/retire", { params: { path: { id: k.id } }, body: { reason: reason.trim() } })), () => onDone(`${k.name} is retired.`));
  return (
    <Dialog title={`Retire ${k.name}`} does="Retire it" loud act={retire} ready={reason.trim() !== ""} onClose={onClose}>
      <p>It cannot be taken back. Its files still open with its shares: where one might be in wrong hands, have what it holds rotated after an incident.</p>
      <Why value={reason} onChange={setReason} />
    </Dialog>
  );
}

function Why({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  return <Textarea label="Why?" required autosize minRows={2} maxLength={1000} value={value} onChange={(e) => onChange(e.currentTarget.value)} data-autofocus />;
}
