import { Alert, Button, Group, Modal, NumberInput, Select, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { api, ask } from "../../client/client";
import { asProblem } from "../../client/problem";
import css from "./correlation.module.css";
import type { Rule } from "./Correlation";

interface ReasonedProps {
  title: string;
  action: string;
  danger?: boolean;
  ready?: boolean;
  act: (reason: string) => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}

// Reasoned asks why, and does it.
function Reasoned({ title, action, danger, ready = true, act, onClose, children }: ReasonedProps) {
  const [reason, setReason] = useState("");
  const queries = useQueryClient();
  const done = useMutation({
    mutationFn: () => act(reason.trim()),
    onSuccess: async () => { await queries.invalidateQueries({ queryKey: ["correlation"] }); onClose(); },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready && reason.trim() !== "") done.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      <form className={css.form} onSubmit={submit}>
        {children}
        <Textarea label="Why?" required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
        {done.error && <Alert color="red" variant="light" role="alert">{asProblem(done.error).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" color={danger ? "red.9" : undefined} loading={done.isPending} disabled={!ready || reason.trim() === ""}>{action}</Button>
        </Group>
      </form>
    </Modal>
  );
}

export function AddRule({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [by, setBy] = useState<Rule["by"]>("number");
  const [expression, setExpression] = useState("");
  const [score, setScore] = useState<number>(90);
  return (
    <Reasoned
      title="Add a rule that observes" action="Add it" ready={name.trim() !== "" && expression.trim() !== ""} onClose={onClose}
      act={(reason) => ask(api.POST("/v1/correlation/rules", { body: { name: name.trim(), by, expression, score, reason } }))}
    >
      <p>It links nothing yet: you see first what it would change.</p>
      <div className={css.pair}>
        <TextInput label="Name" required maxLength={64} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <Select label="Gives the" required allowDeselect={false} data={[{ value: "number", label: "Employee number" }, { value: "email", label: "Email" }, { value: "login", label: "Login" }]} value={by} onChange={(v) => setBy((v ?? "number") as Rule["by"])} />
        <NumberInput label="Sure, in percent" min={1} max={100} allowDecimal={false} value={score} onChange={(v) => setScore(Number(v) || 1)} />
      </div>
      <Textarea
        label="Expression" required autosize minRows={2} maxLength={4000} spellCheck={false} value={expression} onChange={(e) => setExpression(e.currentTarget.value)}
        description={'CEL over account.login, account.email, account.number, account.name, account.kind and account.system; empty text is nobody’s. account.login.startsWith("c_e") ? "E" + account.login.substring(3) : ""'}
      />
    </Reasoned>
  );
}

export function ChangeMode({ of, onClose }: { of: Rule; onClose: () => void }) {
  const enforce = of.mode !== "enforce";
  return (
    <Reasoned
      title={enforce ? `Enforce ${of.name}` : `Let ${of.name} only observe`} action={enforce ? "Enforce it" : "Only observe"} onClose={onClose}
      act={(reason) => ask(api.PUT("/v1/correlation/rules/{name}/mode", { params: { path: { name: of.name } }, body: { mode: enforce ? "enforce" : "observe", reason } }))}
    >
      <p>{enforce ? "From the next correlation on it links accounts, as its effect shows. What people have decided stays." : "What it linked is unlinked with the next correlation, unless another rule finds the same."}</p>
    </Reasoned>
  );
}

export function RemoveRule({ of, onClose }: { of: Rule; onClose: () => void }) {
  return (
    <Reasoned
      title={`Remove ${of.name}`} action="Remove it" danger onClose={onClose}
      act={(reason) => ask(api.DELETE("/v1/correlation/rules/{name}", { params: { path: { name: of.name }, query: { reason } } }))}
    >
      <p>What it linked is unlinked with the next correlation, unless another rule finds the same.</p>
    </Reasoned>
  );
}
