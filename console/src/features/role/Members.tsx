import { Button, Group, Modal, Select, Textarea, TextInput } from "@mantine/core";
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { api, ask } from "../../client/client";
import type { ItemOf } from "../../client/types";
import { Failed } from "../../shell/Answer";
import { Blank } from "../../ui/Blank";
import { Table, type Column } from "../../ui/Table";
import { Time } from "../../ui/Time";
import { useList } from "../../ui/useList";
import { MayButton } from "../access/MayButton";
import { Named } from "../access/Named";
import { PersonField, type Person } from "../access/PersonField";
import type { Shown, Told, Values } from "./role";
import css from "./role.module.css";
import { valuesText } from "./words";
import { Wrong } from "./Wrong";

type Member = ItemOf<"list-role-assignments">;

// Members are those who were assigned a role; who has it by another role or a rule is
// counted beside.
export function Members({ of }: { of: Shown }) {
  const list = useList();
  const [ending, setEnding] = useState<Member>();
  const found = useQuery({
    queryKey: ["role", of.id, "members", list.cursor], placeholderData: keepPreviousData,
    queryFn: () => ask(api.GET("/v1/roles/{id}/assignments", { params: { path: { id: of.id }, query: { cursor: list.cursor } } })),
  });
  const columns: Column<Member>[] = [
    { id: "identity", header: "Who", cell: (m) => <Named of={m.identity} /> },
    ...((of.variants ?? []).length > 0 ? [{ id: "values", header: "For", cell: (m: Member) => valuesText(m.values) || <span className="quiet">–</span> }] : []),
    { id: "reason", header: "Why", cell: (m) => m.reason || <span className="quiet">–</span> },
    { id: "end", header: "Until", tight: true, cell: (m) => (m.end ? <Time at={m.end} absolute /> : <span className="quiet">somebody ends it</span>) },
    { id: "act", header: "Change", tight: true, cell: (m) => <MayButton may={of.may?.["role.assign"]} variant="default" size="compact-sm" onClick={() => setEnding(m)}>End it<span className="out-of-view"> for {m.identity.name}</span></MayButton> },
  ];
  return (
    <>
      <Table
        name="Who was assigned it" columns={columns} rows={found.data?.items ?? undefined} rowKey={(m) => m.id} list={list} next={found.data?.next} stale={found.isPlaceholderData}
        failure={found.error && <Failed error={found.error} onRetry={() => void found.refetch()} />}
        empty={<Blank title="Nobody was assigned it" text={of.people > 0 ? "Those who have it have it by a role that contains it, or by a rule." : "It gives nothing to anybody yet."} />}
      />
      {ending && <Unassign of={of} member={ending} onClose={() => setEnding(undefined)} />}
    </>
  );
}

// useGive changes who has a role.
function useGive(id: string, act: () => Promise<unknown>, onDone: () => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: async () => {
      await Promise.all([queries.invalidateQueries({ queryKey: ["role", id] }), queries.invalidateQueries({ queryKey: ["roles"] })]);
      onDone();
    },
  });
}

function Unassign({ of, member, onClose }: { of: Shown; member: Member; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const end = useGive(of.id, () => ask(api.POST("/v1/assignments/{id}/end", { params: { path: { id: member.id } }, body: { reason: reason.trim() } })), onClose);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (reason.trim() !== "") end.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={`End that ${member.identity.name} has it`} size="lg">
      <form className={css.form} onSubmit={submit}>
        <p>What they have for no other reason is to go with it.</p>
        <Textarea label="Why?" required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} data-autofocus />
        <Wrong error={end.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" color="red" loading={end.isPending} disabled={reason.trim() === ""}>End it</Button>
        </Group>
      </form>
    </Modal>
  );
}

export function Assign({ of, onClose }: { of: Shown; onClose: () => void }) {
  const told = of.published as Told;
  const parameters = of.of ? [] : told.parameters ?? []; // a variant has its values
  const [who, setWho] = useState<Person | null>(null);
  const [values, setValues] = useState<Values>({});
  const [reason, setReason] = useState("");
  const [until, setUntil] = useState("");
  const ready = who !== null && reason.trim() !== "" && parameters.every((p) => values[p.name]);
  const give = useGive(of.id, () => ask(api.POST("/v1/roles/{id}/assignments", {
    params: { path: { id: of.id } },
    body: { identity: who?.id ?? "", values: parameters.length > 0 ? values : undefined, reason: reason.trim(), end: until ? new Date(`${until}T12:00`).toISOString() : undefined },
  })), onClose);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready) give.mutate();
  };
  return (
    <Modal opened onClose={onClose} title={`Give somebody ${told.name}`} size="lg">
      <form className={css.form} onSubmit={submit}>
        <PersonField label="Who" value={who} onChange={setWho} />
        {parameters.map((p) => (
          <Select key={p.name} label={`For which ${p.name}`} required searchable data={p.values ?? []} value={values[p.name] ?? null} onChange={(v) => setValues((before) => ({ ...before, [p.name]: v ?? "" }))} />
        ))}
        <Textarea label="Why?" required autosize minRows={2} maxLength={2000} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
        <TextInput type="date" label="Until" description="Without a date, until somebody ends it" maw="18rem" value={until} onChange={(e) => setUntil(e.currentTarget.value)} />
        <Wrong error={give.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>Cancel</Button>
          <Button type="submit" loading={give.isPending} disabled={!ready}>Give it</Button>
        </Group>
      </form>
    </Modal>
  );
}
