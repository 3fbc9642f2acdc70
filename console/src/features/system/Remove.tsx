import { Button, Group, Modal, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import css from "./flow.module.css";
import type { Versioned } from "./system";
import { Wrong } from "./Wrong";

// Remove takes back a draft, once its name is typed.
export function Remove({ of: { data: s, tag }, onClose }: { of: Versioned; onClose: () => void }) {
  const [name, setName] = useState("");
  const queries = useQueryClient();
  const go = useNavigate();
  const remove = useMutation({
    mutationFn: () => ask(api.DELETE("/v1/systems/{id}", { params: { path: { id: s.id }, header: { "If-Match": tag } } })),
    onSuccess: async () => {
      await go({ to: "/systems" });
      queries.removeQueries({ queryKey: ["system", s.id] });
      void queries.invalidateQueries({ queryKey: ["systems"] });
    },
    onError: () => queries.invalidateQueries({ queryKey: ["system", s.id] }),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (name === s.name) remove.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={`Delete the draft ${s.name}`} size="lg">
      <form className={css.form} onSubmit={submit}>
        <p>Its settings and the credential that is sealed with it are gone for good. That it was there, and who deleted it, stays in the record.</p>
        <TextInput label={`Type its name, ${s.name}, to delete it`} value={name} autoComplete="off" spellCheck={false} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <Wrong error={remove.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Keep it</Button>
          <Button type="submit" color="red.9" loading={remove.isPending} disabled={name !== s.name}>Delete the draft</Button>
        </Group>
      </form>
    </Modal>
  );
}
