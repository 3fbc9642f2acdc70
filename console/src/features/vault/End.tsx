import { Textarea } from "@mantine/core";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Dialog } from "./Dialog";
import { useAct, type Secret } from "./vault";

export type Step = "delete" | "undelete" | "destroy";

interface EndProps {
  of: Secret;
  step: Step;
  number?: number; // of one version; without it, the secret with all of them
  onClose: () => void;
  onDone: (words: string) => void;
}

const words: Record<Step, { does: string; did: string; means: string }> = {
  delete: { does: "Delete", did: "is deleted", means: "It opens nothing any more, until somebody brings it back." },
  undelete: { does: "Bring back", did: "is back", means: "It is what it was before it was deleted." },
  destroy: { does: "Destroy", did: "is destroyed", means: "It is gone for ever, from here and for everybody. That it was there stays known." },
};

const ways = { delete: "/v1/secrets/{id}/delete", undelete: "/v1/secrets/{id}/undelete", destroy: "/v1/secrets/{id}/destroy" } as const;

// End deletes a secret or a version of it, brings it back, or destroys it.
export function End({ of: x, step, number, onClose, onDone }: EndProps) {
  const [reason, setReason] = useState("");
  const what = number === undefined ? x.name : `version ${number} of ${x.name}`;
  const w = words[step];
  const end = useAct(() => ask(api.POST(ways[step], { params: { path: { id: x.id } }, body: { version: number, reason: reason.trim() } })), () => onDone(`${number === undefined ? x.name : `Version ${number}`} ${w.did}.`));
  const needed = step === "destroy";
  return (
    <Dialog title={`${w.does} ${what}`} does={w.does} loud={step !== "undelete"} act={end} ready={!needed || reason.trim() !== ""} onClose={onClose}>
      <p>{w.means}{needed && x.account && number === undefined && " The account that it opens keeps the value, which nobody knows then."}</p>
      <Textarea label="Why?" required={needed} autosize minRows={2} maxLength={1000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
    </Dialog>
  );
}
