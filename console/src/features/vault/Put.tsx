import { PasswordInput, Radio, Textarea } from "@mantine/core";
import { useState } from "react";
import { api, ask } from "../../client/client";
import { Dialog } from "./Dialog";
import { useAct, type Secret } from "./vault";
import css from "./vault.module.css";
import { kindOf } from "./words";

interface ValueProps {
  kind: string;
  drawn: boolean;
  value: string;
  onDrawn: (drawn: boolean) => void;
  onValue: (value: string) => void;
}

const oneLine = ["password", "api_key"];

// ValueField takes a value from somebody, or lets Writ draw one that nobody knows.
export function ValueField({ kind, drawn, value, onDrawn, onValue }: ValueProps) {
  const may = kindOf(kind).drawn ?? false;
  const given = !may || !drawn;
  const common = { label: "The value", required: true, description: "Whoever gives it knows it, and is in the list of who has seen it.", value, spellCheck: false, autoComplete: "off" } as const;
  return (
    <div className={css.form}>
      {may && (
        <Radio.Group label="Where does the value come from?" value={drawn ? "drawn" : "given"} onChange={(v) => { onDrawn(v === "drawn"); onValue(""); }}>
          <div className={css.sure}>
            <Radio value="drawn" label="Draw one that nobody knows" />
            <Radio value="given" label="I give it" />
          </div>
        </Radio.Group>
      )}
      {given && (oneLine.includes(kind)
        ? <PasswordInput {...common} onChange={(e) => onValue(e.currentTarget.value)} />
        : <Textarea {...common} autosize minRows={4} maxRows={12} className={css.mono} onChange={(e) => onValue(e.currentTarget.value)} />)}
    </div>
  );
}

interface PutProps {
  of: Secret;
  onClose: () => void;
  onDone: (words: string) => void;
}

// Put gives a secret another value in the vault. Where it opens an account, the account has
// to open with it already.
export function Put({ of: x, onClose, onDone }: PutProps) {
  const [drawn, setDrawn] = useState(false);
  const [value, setValue] = useState("");
  const draws = drawn && (kindOf(x.kind).drawn ?? false);
  const put = useAct(
    () => ask(api.POST("/v1/secrets/{id}/versions", { params: { path: { id: x.id } }, body: draws ? { generate: true, if_version: x.current ?? 0 } : { value, if_version: x.current ?? 0 } })),
    (after) => { setValue(""); onDone(`${x.name} has version ${after.current ?? 0} now.`); },
  );
  return (
    <Dialog title={`Give ${x.name} another value`} does="Keep it" act={put} ready={draws || value !== ""} onClose={onClose}>
      <p>{x.account ? "This changes what the vault holds, and not the account: put what the account opens with already. To have both changed, rotate it." : "The value before stays as a version."}</p>
      <ValueField kind={x.kind} drawn={drawn} value={value} onDrawn={setDrawn} onValue={setValue} />
    </Dialog>
  );
}
