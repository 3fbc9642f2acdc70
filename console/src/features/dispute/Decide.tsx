import { Alert, Button, Radio, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent, type KeyboardEvent } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import { PersonField, type Person } from "../access/PersonField";
import css from "./dispute.module.css";
import type { Item } from "./Disputes";

interface DecideProps {
  of: Item;
  chosen: string; // a contender's id, "nobody", "other", or nothing yet
  onChoose: (id: string) => void;
  onDecided: (words: string) => void;
}

// Decide links the account to whom was chosen, or says that it is nobody's.
export function Decide({ of, chosen, onChoose, onDecided }: DecideProps) {
  const [reason, setReason] = useState("");
  const [other, setOther] = useState<Person | null>(null);
  const may = of.may["link.decide"];
  const allowed = (may?.allowed ?? false);
  const whose = chosen === "other" ? other : (of.contenders ?? []).find((c) => c.identity.id === chosen)?.identity;
  const link = useMutation({
    mutationFn: () => ask(api.POST("/v1/accounts/{id}/link", {
      params: { path: { id: of.account.id } }, body: { reason: reason.trim(), ...(chosen === "nobody" ? { nobody: true } : { identity: whose?.id }) },
    })),
    onSuccess: (d) => onDecided(`${of.login} in ${of.system} is ${d.identity ? `${d.identity.name}’s` : "nobody’s"}, as you decided.`),
  });
  const ready = reason.trim() !== "" && (chosen === "nobody" || whose != null);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready && !link.isPending) link.mutate();
  };
  const onKey = (e: KeyboardEvent) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) submit(e);
  };
  if (!allowed) return <Alert color="gray" variant="light" title="Others decide this">{may?.why ?? "It is for IAM to decide."}</Alert>;
  const why = whose ? `How do you know that it is ${whose.name}’s?` : chosen === "nobody" ? "How do you know that it is nobody’s?" : "How do you know?";
  return (
    <form className={css.form} onSubmit={submit}>
      <div className={css.more}>
        <Radio name="whose" checked={chosen === "other"} onChange={() => onChoose("other")} label={of.more > 0 ? `Somebody else: ${of.more} more may be it` : "Somebody else"} />
        {chosen === "other" && <PersonField label="Who" value={other} onChange={setOther} />}
        <Radio name="whose" checked={chosen === "nobody"} onChange={() => onChoose("nobody")} label="Nobody: a test, a leftover, or a thing’s" />
      </div>
      <Textarea id="reason" label={why} required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} onKeyDown={onKey} />
      {link.error && <Alert color="red" variant="light" role="alert">{asProblem(link.error).message}</Alert>}
      <div className={css.foot}>
        <Button type="submit" loading={link.isPending} disabled={!ready}>{whose ? `It is ${whose.name}’s` : chosen === "nobody" ? "It is nobody’s" : "Decide"}</Button>
      </div>
    </form>
  );
}
