import { FileInput } from "@mantine/core";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Dialog } from "../vault/Dialog";
import { useAct, type Merged } from "./breakglass";

interface MergeProps {
  onClose: () => void;
  onDone: (words: string) => void;
}

// Merge takes up the record that opening a kit has left. It holds no secret.
export function Merge({ onClose, onDone }: MergeProps) {
  const [file, setFile] = useState<File | null>(null);
  const merge = useAct(async () => ask(api.POST("/v1/break-glass/merge", { body: { record: await file!.text() } })), (b) => onDone(toldOf(b)));
  const large = file !== null && file.size > 4_000_000;
  return (
    <Dialog title="Bring the record of an opening" does="Merge it" act={merge} ready={file !== null && file.size > 0 && !large} onClose={onClose}>
      <p>Opening a kit left a file beside whoever did. It is checked entry by entry, and what was altered is refused. Then everybody who has to know is told, what was shown is changed where it opens something, and somebody who was not there reviews it.</p>
      <p>Of a drill nobody is told: that it was held is kept, and what signed in.</p>
      <FileInput label="The record" required placeholder="break-glass-….record" value={file} onChange={setFile} clearable clearButtonProps={{ "aria-label": "Another file" }} error={large && "This is larger than a record is"} />
    </Dialog>
  );
}

function toldOf(b: Merged): string {
  if (b.drill) return "The drill is kept.";
  const n = (b.exposed ?? []).length;
  const changed = n === 0 ? "Nothing was shown" : n === 1 ? "One secret was shown, and is being changed" : `${n} secrets were shown, and are being changed`;
  return `The opening is kept. ${changed}. Its review waits.`;
}
