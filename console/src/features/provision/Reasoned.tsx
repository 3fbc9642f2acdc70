import { Alert, Button, Group, Modal, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent, type ReactNode } from "react";
import { asProblem } from "../../client/problem";
import css from "./provision.module.css";

interface ReasonedProps {
  title: string;
  action: string;
  question?: string;
  danger?: boolean;
  act: (reason: string) => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}

// Reasoned asks why, and does it. What was typed stays where it did not work.
export function Reasoned({ title, action, question = "Why?", danger, act, onClose, children }: ReasonedProps) {
  const [reason, setReason] = useState("");
  const done = useMutation({ mutationFn: () => act(reason.trim()), onSuccess: onClose });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (reason.trim() !== "") done.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      <form className={css.form} onSubmit={submit}>
        {children}
        <Textarea label={question} required autosize minRows={2} maxLength={500} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
        {done.error && <Alert color="red" variant="light" role="alert">{asProblem(done.error).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Close</Button>
          <Button type="submit" color={danger ? "red.9" : undefined} loading={done.isPending} disabled={reason.trim() === ""}>{action}</Button>
        </Group>
      </form>
    </Modal>
  );
}
