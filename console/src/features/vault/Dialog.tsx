import { Alert, Button, Group, Modal } from "@mantine/core";
import type { UseMutationResult } from "@tanstack/react-query";
import type { FormEvent, ReactNode } from "react";
import { asProblem } from "../../client/problem";
import css from "./vault.module.css";

interface DialogProps<T> {
  title: string;
  does: string; // what its button says
  act: UseMutationResult<T, Error, void>;
  ready?: boolean;
  loud?: boolean; // it cannot be taken back
  onClose: () => void;
  children: ReactNode;
}

// Dialog asks for what one act takes, does it, and says what kept it from being done.
export function Dialog<T>({ title, does, act, ready = true, loud, onClose, children }: DialogProps<T>) {
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready) act.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={title} size="lg">
      <form className={css.form} onSubmit={submit} autoComplete="off">
        {children}
        {act.error && <Alert color="red" variant="light" role="alert">{asProblem(act.error).message}</Alert>}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Close</Button>
          <Button type="submit" color={loud ? "red.9" : undefined} loading={act.isPending} disabled={!ready}>{does}</Button>
        </Group>
      </form>
    </Modal>
  );
}
